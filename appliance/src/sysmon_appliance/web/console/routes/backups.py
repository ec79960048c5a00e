"""Backups: what can be restored, drills, and going back to a moment."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.services.backup_documents import BackupsDocument, DrillView, RestoreBegun
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response

_UNREACHABLE = ("store_unreachable", "replica_unreachable")
_ORDERS = ("conflict",)


class RestoreWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment, in milliseconds since 1970: of the line of epochs, or of the path that is named."""

    at: int
    path: str = ""


async def show(call: Call) -> Response:
    return json_response(BackupsDocument.of(await call.backups.backups()))


async def drill(call: Call) -> Response:
    await call.backups.order_drill(call.principal)
    return json_response(DrillView.of(call.backups.newest_drill), status=202)


async def restore(call: Call) -> Response:
    wanted: RestoreWanted = call.body
    target = await call.backups.restore(call.principal, wanted.at, wanted.path)
    return json_response(RestoreBegun.of(target), status=202)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/backups",
        "Which moments of the live database can be restored, by epoch, and how the newest drill ended.",
        show,
        BackupsDocument,
        problems=_UNREACHABLE,
    ),
    ApiRoute(
        "POST",
        "/api/v1/backups/drill",
        "Restore the newest of the replica into a scratch folder and compare it with the live database.",
        drill,
        DrillView,
        status=202,
        problems=_ORDERS,
    ),
    ApiRoute(
        "POST",
        "/api/v1/backups/restore",
        "Begin a new epoch with the live database of an earlier moment; all sessions end.",
        restore,
        RestoreBegun,
        body=RestoreWanted,
        status=202,
        problems=(*_UNREACHABLE, *_ORDERS, "not_found", "replica_broken", "storage"),
    ),
)
