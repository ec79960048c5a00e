"""The ingest listener of an aggregator that does not lead, on a port and an event loop of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import uvloop

from sysmon_appliance.config import IngestSettings, LimitSettings
from sysmon_appliance.errors import NotLeaderError
from sysmon_appliance.pki.local import LOCAL_REGION
from sysmon_appliance.web.ingest import IngestServer, live_context, standing_by_server
from sysmon_appliance.web.limits import ingest_gate
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock


@contextmanager
def standing_by(authority: LocalAuthority, error: NotLeaderError, draws: Sequence[float] = ()) -> Iterator[int]:
    """Serve until the block ends, answering with this error; yields the port.

    Each answer without a leader takes one of `draws`.
    """
    issued = authority.aggregator()
    settings = IngestSettings(certificate=str(issued.certificate), key=str(issued.key), authority=str(issued.authority))
    started: Future[tuple[int, asyncio.AbstractEventLoop, IngestServer]] = Future()

    async def serve() -> None:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            server = standing_by_server(
                lambda: error,
                settings,
                ManualClock(),
                live_context(settings),
                gate=ingest_gate(settings, LimitSettings()),
                region=LOCAL_REGION,
                authority=lambda: authority.issuer.authority,
                draw=iter(draws).__next__,
            )
            started.set_result((bound.getsockname()[1], asyncio.get_running_loop(), server))
            await server.serve(sockets=[bound])

    thread = threading.Thread(target=lambda: uvloop.run(serve()))
    thread.start()
    port, loop, server = started.result(timeout=20)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(timeout=20)
