import pytest
from starlette.routing import Route

from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.durability import AtOnce, ReadBack
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import AgentLimits, RequestLimits
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.web.authorisation import LEAST, bind, least
from sysmon_appliance.web.ingest.app import create_app
from sysmon_appliance.web.ingest.peers import PeerSide
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.console import Console
from tests.support.identity_side import identity_side

NOTHING = State("cluster", 1, hosts=(), schemas=(), streams=(), next_batch=1)
SHORT_CUTS = {("POST", "/v1/batches")}
"""Routes that a listener answers without Starlette."""


class NoReports:
    """Where no standby reports."""

    def report(self, node: Node, read_back: ReadBack) -> Progress:
        raise NotImplementedError(node, read_back)


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
    barrier, clock, catalog = InstantBarrier(), ManualClock(), Catalog(NOTHING)
    ingest = Ingest(
        NOTHING,
        catalog,
        barrier,
        limits=DEFAULT_LIMITS,
        pace=AgentLimits(LimitSettings()),
        new_series=NewSeries(LimitSettings(), SeriesCatalog(NOTHING, catalog, clock)),
        room=HeadRoom(1 << 40),
        watermark=AtOnce(),
    )
    identities = Identities(NOTHING.identity)
    identity = identity_side(NOTHING.identity, identities, barrier, clock, issuer=None)
    side = AgentSide(ingest, identity.certificates, identity.enrolment, RequestLimits(LimitSettings(), clock))
    console = Console().app
    peers = PeerSide(NoReports(), console, mark=lambda: 0)
    assert bound(*console.routes, *create_app(side, clock, peers).routes) | SHORT_CUTS == set(LEAST)


def test_a_route_without_a_line_cannot_be_bound() -> None:
    """A route that the table does not know keeps the aggregator from starting."""
    with pytest.raises(ValueError, match="GET /api/v1/forgotten has no line"):
        least("GET", "/api/v1/forgotten")
    with pytest.raises(ValueError, match="no line"):
        bind("POST", "/healthz", lambda _: None)  # type: ignore[arg-type, return-value]
