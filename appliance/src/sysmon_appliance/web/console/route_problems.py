"""Which problems a route may answer with: those that its declaration entails, and those that it declares itself."""

from collections.abc import Iterator

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.authorisation import Audience, least
from sysmon_appliance.web.console.api import ApiRoute
from sysmon_appliance.web.console.leaders_part import goes_to_leader
from sysmon_appliance.web.problems import PROBLEMS


def problems_of(route: ApiRoute) -> dict[int, list[str]]:
    """Return the codes of a route's problems by status.

    `internal` is none of them: it is a fault of the aggregator, which no caller can reckon with. Nor is
    `method_not_allowed`, which answers where there is no route.
    """
    found: dict[int, list[str]] = {}
    for code in sorted({*_entailed(route), *route.problems}):
        found.setdefault(PROBLEMS[code].status, []).append(code)
    return dict(sorted(found.items()))


def _entailed(route: ApiRoute) -> Iterator[str]:
    """Yield what follows from who may ask, from what is sent, and from whether something changes."""
    needed = least(route.method, route.path)
    changes = route.method != "GET"
    yield from ("bad_request", "wrong_host")  # unknown parameters and foreign names are refused everywhere
    if needed is not Audience.PUBLIC or route.body is not None:  # a session may end while a body is on its way
        yield "sign_in"
    if changes or needed not in {Audience.PUBLIC, Role.VIEWER}:  # what changes something may not come from elsewhere
        yield "forbidden"
    if route.body is not None:
        yield "oversized_message"
    if route.creates and route.body is not None:
        yield "idempotency_conflict"
    if route.path.startswith("/api/"):
        yield from ("not_ready", "rate_limited")
    if goes_to_leader(route.method, route.path):
        yield "leader_unreachable"
    if changes:
        yield from ("not_durable", "not_leader", "storage_failed", "storage_full")
