"""Storage: what is kept, what it will weigh, and the segments that it is in."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.services.storage import YEAR_DAYS
from sysmon_appliance.services.storage_documents import AcceptedJob, ForecastDocument, SegmentPage, StorageDocument
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter

MAX_LISTED = 1000
_MOST_DAYS = 10 * YEAR_DAYS


async def show(call: Call) -> Response:
    return json_response(await run_in_threadpool(call.storage.state))


async def forecast(call: Call) -> Response:
    days = call.given.integer("days", YEAR_DAYS)
    return json_response(await run_in_threadpool(partial(call.storage.forecast, days)))


async def segments(call: Call) -> Response:
    kind, cursor = call.given.optional("kind"), call.given.optional("cursor")
    limit = call.given.integer("limit", 100)
    return json_response(await run_in_threadpool(partial(call.storage.segments, kind, cursor, limit)))


async def seal(call: Call) -> Response:
    await call.storage.seal(call.principal)
    return json_response(AcceptedJob(JobName.SEAL), status=202)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/storage",
        "What is kept, how large it is, for how long it stays, and whether its keeping gets on.",
        show,
        StorageDocument,
    ),
    ApiRoute(
        "GET",
        "/api/v1/storage/forecast",
        "What history will weigh if hosts stay as many as they are, and when the disk is full.",
        forecast,
        ForecastDocument,
        (Parameter("days", "Days to look ahead. Default: 365.", at_least=1, at_most=_MOST_DAYS),),
    ),
    ApiRoute(
        "GET",
        "/api/v1/storage/segments",
        "Segments in force, the newest first.",
        segments,
        SegmentPage,
        (
            Parameter("kind", "Only those of this kind.", choices=tuple(Kind)),
            Parameter("limit", "Segments on a page. Default: 100.", at_least=1, at_most=MAX_LISTED),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    ApiRoute(
        "POST",
        "/api/v1/storage/seal",
        "Seal all of the head as soon as the job under way is over, whatever its age.",
        seal,
        AcceptedJob,
        status=202,
    ),
)
