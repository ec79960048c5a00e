"""The ingest listener as a whole."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sysmon_agent.clock import Clock
from sysmon_appliance.config import IngestSettings
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.web.ingest.app import create_app
from sysmon_appliance.web.ingest.config import IngestConfig
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from sysmon_appliance.web.tls import LiveContext

_SWEEP_TICKS = 50  # of a tenth of a second


class IngestServer(uvicorn.Server):
    """A uvicorn server that sweeps its connections, and leaves signals to whoever runs it.

    Run it with `await server.serve(sockets=[...])`; it ends after `should_exit` was set.
    """

    async def on_tick(self, counter: int) -> bool:
        if counter % _SWEEP_TICKS == 0:
            self.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def sweep(self, now: float) -> None:
        """Close connections that are silent or too slow; `now` is the loop's time."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, IngestProtocol):
                connection.sweep(now)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def ingest_server(side: AgentSide, settings: IngestSettings, clock: Clock, live: LiveContext) -> IngestServer:
    """Make the listener; it binds nothing itself."""
    app = create_app(side, clock)
    return IngestServer(
        IngestConfig(app, IngestProtocol, context=live.context, side=side, clock=clock, settings=settings)
    )
