"""The fleet page's data."""

from starlette.responses import Response

from sysmon_appliance.domain.selector import parse
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.services.fleet import FleetPage
from sysmon_appliance.services.hosts import SORT_KEYS, HostQuery
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Given, Parameter

SELECTION = (
    Parameter(
        "selector",
        "Conditions on labels, name, id, status and tag: role=db,env!=dev,rack,!retired. Default: all hosts.",
    ),
    Parameter(
        "sort",
        "What to sort by, with a minus before it for the largest first: "
        + ", ".join(SORT_KEYS)
        + ". Hosts without the value come last. Default: name.",
    ),
    Parameter("limit", "How many hosts to list. Default: all.", at_least=1, at_most=10_000),
    Parameter("cursor", "`next` of the page before."),
)


def host_query(given: Given) -> HostQuery:
    """Read the parameters of SELECTION."""
    sort = given.text("sort", "name")
    if sort.removeprefix("-") not in SORT_KEYS:
        raise BadRequestError(f"The parameter 'sort' must be one of {', '.join(SORT_KEYS)}, not {sort[:50]!r}.")
    return HostQuery(
        selector=parse(given.text("selector")),
        sort=sort,
        limit=given.integer("limit", 0) or None,
        cursor=given.optional("cursor"),
    )


async def fleet(call: Call) -> Response:
    hosts, following = call.side.hosts.select(host_query(call.given))
    await call.side.fleet.prepare(hosts)
    return json_response(call.side.fleet.page(hosts, following=following))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/fleet",
        "All hosts with their canonical values and the sparklines of the last ten minutes.",
        fleet,
        FleetPage,
        SELECTION,
    ),
)
