import pytest
from starlette.routing import Route

from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.domain.state import State
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.web.console.authorisation import LEAST, bind, least
from sysmon_appliance.web.ingest.app import create_app
from tests.support.barrier import InstantBarrier
from tests.support.console import Console

NOTHING = State("cluster", 1, hosts=(), schemas=(), streams=(), next_batch=1)
SHORT_CUTS = {("POST", "/v1/batches")}
"""Routes that a listener answers without Starlette."""


def bound(*routes: object) -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or ())
        if method != "HEAD"
    }


def test_the_table_is_complete_and_has_nothing_else() -> None:
    """Every route of every listener has a line in the table, and every line has a route."""
    ingest = Ingest(NOTHING, Catalog(NOTHING), InstantBarrier(), limits=DEFAULT_LIMITS)
    assert bound(*Console().app.routes, *create_app(ingest).routes) | SHORT_CUTS == set(LEAST)


def test_a_route_without_a_line_cannot_be_bound() -> None:
    """A route that the table does not know keeps the aggregator from starting."""
    with pytest.raises(ValueError, match="GET /api/v1/forgotten has no line"):
        least("GET", "/api/v1/forgotten")
    with pytest.raises(ValueError, match="no line"):
        bind("POST", "/healthz", lambda _: None)  # type: ignore[arg-type, return-value]
