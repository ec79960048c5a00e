"""History on its way in."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.imports import ImportState
from sysmon_appliance.services.import_values import ImportedValues
from sysmon_appliance.services.imports import Import
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response

_MOST_BYTES = 1 << 20


class NewImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `create_hosts`, hosts that are not known are made, without a certificate."""

    create_hosts: bool = False


class ImportView(msgspec.Struct, frozen=True):
    """`values` have come; `stored` of them had no place yet, which is known when the import is done."""

    id: str
    state: ImportState
    values: int
    stored: int | None
    problem: str


async def begin(call: Call) -> Response:
    wanted: NewImport = call.body
    begun = await call.imports.begin(call.principal, create_hosts=wanted.create_hosts)
    return json_response(_view(begun), status=201)


async def take(call: Call) -> Response:
    given: ImportedValues = call.body
    return json_response(_view(await call.imports.take(_id(call), given, call.principal)))


async def finish(call: Call) -> Response:
    await call.imports.finish(_id(call), call.principal)
    return json_response(_view(call.imports.find(_id(call))), status=202)


async def show(call: Call) -> Response:
    return json_response(_view(call.imports.find(_id(call))))


async def cancel(call: Call) -> Response:
    await call.imports.cancel(_id(call), call.principal)
    return Response(status_code=204)


def _id(call: Call) -> str:
    found: str = call.request.path_params["id"]
    return found


def _view(one: Import) -> ImportView:
    return ImportView(id=one.id, state=one.state, values=one.values, stored=one.stored, problem=one.problem)


ROUTES = (
    ApiRoute(
        "POST",
        "/api/v1/imports",
        "Begin an import of history. It is forgotten when nothing comes for a day, or the aggregator starts anew.",
        begin,
        ImportView,
        body=NewImport,
        status=201,
        problems=("too_many",),
    ),
    ApiRoute(
        "GET",
        "/api/v1/imports/{id}",
        "How far an import is.",
        show,
        ImportView,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/imports/{id}/values",
        "Values of series of one host, as often as there are some: times in milliseconds since 1970, and for each"
        " series a value for each time. `null` is a missing value, and infinities are texts. Of one time and series the"
        " value that came first stays. The body may have 1 MiB.",
        take,
        ImportView,
        body=ImportedValues,
        max_body=_MOST_BYTES,
        problems=("not_found", "conflict", "malformed_message", "too_many", "storage"),
    ),
    ApiRoute(
        "POST",
        "/api/v1/imports/{id}/finish",
        "Store what has come. Ticks that the aggregator has already stay as they are.",
        finish,
        ImportView,
        status=202,
        problems=("not_found", "conflict"),
    ),
    ApiRoute(
        "DELETE",
        "/api/v1/imports/{id}",
        "Drop what an import has brought; hosts that were made for it stay.",
        cancel,
        "text/plain",
        status=204,
        problems=("not_found", "conflict"),
    ),
)
