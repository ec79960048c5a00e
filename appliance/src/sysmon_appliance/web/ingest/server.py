"""The ingest listener as a whole."""

import asyncio

from sysmon_agent.clock import Clock
from sysmon_appliance.config import IngestSettings
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.web.gate import Gate
from sysmon_appliance.web.ingest.app import create_app
from sysmon_appliance.web.ingest.config import IngestConfig
from sysmon_appliance.web.ingest.peers import PeerSide
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from sysmon_appliance.web.servers import TICKS_PER_SECOND, TlsServer
from sysmon_appliance.web.tls import LiveContext

_SWEEP_TICKS = 5 * TICKS_PER_SECOND


class IngestServer(TlsServer):
    """A server that sweeps its connections."""

    async def on_tick(self, counter: int) -> bool:
        if counter % _SWEEP_TICKS == 0:
            self.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def sweep(self, now: float) -> None:
        """Close connections that are silent or too slow; `now` is the loop's time."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, IngestProtocol):
                connection.sweep(now)


def ingest_server(
    side: AgentSide,
    settings: IngestSettings,
    clock: Clock,
    live: LiveContext,
    *,
    gate: Gate,
    peers: PeerSide | None = None,
) -> IngestServer:
    """Make the listener of an aggregator that takes what agents send; it binds nothing itself.

    `peers` is for the other aggregators of the region, where there may be some.
    """
    config = IngestConfig(
        create_app(side, clock, peers),
        IngestProtocol,
        taker=side.ingest,
        doorkeeper=side.certificates,
        clock=clock,
        settings=settings,
    )
    return IngestServer(config, live, gate)
