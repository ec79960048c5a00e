"""The loss ledger."""

from starlette.responses import Response

from sysmon_appliance.services.ledger import LedgerPage, page
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response


async def ledger(call: Call) -> Response:
    return json_response(page(call.side.ledger, call.side.directory, call.side.matrix))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/ledger",
        "What became of every tick: stored, missing with the reason, by host and stream, or waiting in spools.",
        ledger,
        LedgerPage,
    ),
)
