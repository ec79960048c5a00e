"""The audit log: list, export, verify."""

from starlette.responses import Response, StreamingResponse

from sysmon_appliance.domain.audit import AuditQuery
from sysmon_appliance.services.audit import AuditPage, AuditVerdict
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter

_LINES = "application/x-ndjson"
_HIGHEST = 10**15 - 1

_SELECTION = (
    Parameter("after", "The `next` of the page before.", at_least=1, at_most=_HIGHEST),
    Parameter("limit", "Entries on a page. Default: 100.", at_least=1, at_most=1000),
    Parameter("actor", "Only what they did, such as user:alice."),
    Parameter("action", "Only this kind of change, such as token.create."),
    Parameter("target", "Only changes of this."),
)


async def list_entries(call: Call) -> Response:
    given = call.given
    query = AuditQuery(
        limit=given.integer("limit", 100),
        before=given.integer("after", _HIGHEST),
        actor=given.optional("actor"),
        action=given.optional("action"),
        target=given.optional("target"),
    )
    return json_response(await call.control.audit.page(query))


async def export(call: Call) -> Response:
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(call.control.audit.export(), media_type=_LINES, headers=headers)


async def verify(call: Call) -> Response:
    return json_response(await call.control.audit.verify(call.given.text("head")))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/audit",
        "Who has changed what, from where and when; the newest first.",
        list_entries,
        AuditPage,
        _SELECTION,
    ),
    ApiRoute(
        "GET",
        "/api/v1/audit/verify",
        "Whether the audit log is whole: no entry changed, removed, added or moved.",
        verify,
        AuditVerdict,
        (Parameter("head", "A hash that was noted earlier; its entry must be there."),),
    ),
    ApiRoute(
        "GET",
        "/api/v1/audit/export",
        "The whole audit log, the oldest entry first, one JSON object per line.",
        export,
        _LINES,
    ),
)
