"""The listener of agents at an aggregator that does not lead: it says who does.

After a failover a whole fleet comes at once. Its handshakes pass the same gate as at the leader, certificates of the
region make addresses known there, and nothing else is looked at: whether one was revoked is the leader's to judge, for
what a standby knows may be old.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_agent.clock import Clock
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.config import IngestSettings
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.errors import NotLeaderError
from sysmon_appliance.services.ingest import Link, Push
from sysmon_appliance.web.gate import Gate
from sysmon_appliance.web.ingest.app import FAILURES
from sysmon_appliance.web.ingest.config import IngestConfig
from sysmon_appliance.web.ingest.enrolling import authority_route
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from sysmon_appliance.web.ingest.server import IngestServer
from sysmon_appliance.web.problems import problem_response
from sysmon_appliance.web.tls import LiveContext

_LONGEST_PAUSE_SECONDS = 4
"""For which agents are asked to wait while nobody leads; a leader is mostly there within twice that."""

Refuse = Callable[[], NotLeaderError]
"""Says who leads."""


class StandingBy:
    """Stands where a leader has ingest and certificates: takes nothing, and tells everybody where to go."""

    def __init__(self, refuse: Refuse, region: str, draw: Callable[[], float]) -> None:
        self.region = region
        self._refuse = refuse
        self._draw = draw

    def refusal(self) -> NotLeaderError:
        """Say who leads, and where nobody does, when to ask again: each agent another time."""
        error = self._refuse()
        if not error.leader:
            error.retry_after_seconds = 1 + int(_LONGEST_PAUSE_SECONDS * self._draw())
        return error

    def submit(self, push: Push) -> None:
        push.answer(self.refusal())

    def leave(self, peer: Peer, link: Link) -> None:
        """Nobody has come to stay."""

    def check(self, holder: Presented, now_ms: int) -> None:
        """Let everybody hear who leads."""

    def wants_renewal(self, holder: Presented) -> bool:  # noqa: ARG002 - whoever it is
        return False


def standing_by_server(
    refuse: Refuse,
    settings: IngestSettings,
    clock: Clock,
    live: LiveContext,
    *,
    gate: Gate,
    region: str,
    authority: Callable[[], str],
    draw: Callable[[], float],
) -> IngestServer:
    """Make the listener; it binds nothing itself.

    Parameters
    ----------
    refuse
        Returns the error that says who leads.
    authority
        Returns the roots that the region trusts, PEM.
    draw
        Returns a number from 0 up to 1, by chance, so that agents come back at different times.
    """
    side = StandingBy(refuse, region, draw)
    app = _create_app(side, authority_route(region, authority, clock))
    return IngestServer(
        IngestConfig(app, IngestProtocol, taker=side, doorkeeper=side, clock=clock, settings=settings), live, gate
    )


def _create_app(side: StandingBy, authority: Route) -> Starlette:
    async def elsewhere(_: Request, __: Exception) -> Response:
        return problem_response(side.refusal())

    return Starlette(routes=[authority], exception_handlers={**FAILURES, 404: elsewhere, 405: elsewhere})
