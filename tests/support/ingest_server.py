"""The ingest listener with its real parts, on a port and an event loop of its own."""

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.messages import Limits
from sysmon_appliance.config import IngestSettings, LimitSettings
from sysmon_appliance.domain.durability import AtOnce
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import AgentLimits, RequestLimits
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.web.ingest import IngestServer, PeerSide, ingest_server, live_context
from sysmon_appliance.web.limits import ingest_gate
from sysmon_appliance.web.tls import LiveContext
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock
from tests.support.identity_side import identity_side
from tests.support.pushes import HOST
from tests.support.raw_agent import RawAgent, tls_context

_LIMITS = LimitSettings()


def _length(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head)
    return int(found[1]) if found else 0


class Wire:
    """A TLS connection on which a test writes and reads bytes as they are."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        with plain:  # wrapping takes the file descriptor over, unless the handshake fails
            self._socket = context.wrap_socket(plain)

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self, patience_seconds: float = 20) -> bytes:
        """Read one answer, with its body; raises TimeoutError where none comes in time."""
        self._socket.settimeout(patience_seconds)
        answer = b""
        while not (head := answer.partition(b"\r\n\r\n"))[1] or len(head[2]) < _length(head[0]):
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionError("the aggregator ended the connection")
            answer += chunk
        return answer

    def rest(self) -> bytes:
        """Read until the other side ends the connection."""
        received = b""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while chunk := self._socket.recv(65536):
                received += chunk
        return received

    def close(self) -> None:
        self._socket.close()


@dataclass
class Listener:
    """A listener that runs; its clock stands still at 2027-01-15 until a test moves it."""

    port: int
    clock: ManualClock
    authority: LocalAuthority
    catalog: Catalog
    barrier: GroupCommit
    identity: IdentitySide
    context: LiveContext
    server: IngestServer
    loop: asyncio.AbstractEventLoop

    def agent(self, host_id: str = HOST) -> RawAgent:
        """Open a connection with that host's certificate."""
        issued = self.authority.agent(host_id)
        return RawAgent(self.port, tls_context(str(issued.authority), issued))

    def renew(self) -> None:
        """Give the aggregator another certificate, as it does itself from time to time."""
        self.authority.aggregator().certificate.unlink()
        self.authority.aggregator()
        self.context.reload()

    def wire(self) -> Wire:
        issued = self.authority.agent(HOST)
        return Wire(self.port, tls_context(str(issued.authority), issued))

    def sweep(self, *, seconds_later: float) -> None:
        """Sweep connections as if that time had passed."""
        swept: Future[None] = Future()

        def sweep() -> None:
            self.server.sweep(self.loop.time() + seconds_later)
            swept.set_result(None)

        self.loop.call_soon_threadsafe(sweep)
        swept.result(timeout=10)


@contextlib.contextmanager
def listening(
    folder: Path, limits: LimitSettings = _LIMITS, *, peers: PeerSide | None = None, **settings: Any
) -> Iterator[Listener]:
    """Run a listener over a database in `folder`, with these settings of `ingest` other than the defaults.

    `peers` is for other aggregators; it is used on the listener's event loop.
    """
    started: Future[Listener] = Future()
    thread = threading.Thread(target=_run, args=(_Wanted(folder, limits, peers, settings), started))
    thread.start()
    try:
        listener = started.result(timeout=20)
        try:
            yield listener
        finally:
            listener.loop.call_soon_threadsafe(listener.server.stop)
    finally:
        thread.join(timeout=20)


@dataclass(frozen=True, slots=True)
class _Wanted:
    folder: Path
    limits: LimitSettings
    peers: PeerSide | None
    settings: dict[str, Any]


def _run(wanted: _Wanted, started: "Future[Listener]") -> None:
    try:
        uvloop.run(_serve(wanted, started))
    except Exception as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(wanted: _Wanted, started: "Future[Listener]") -> None:
    folder, limits = wanted.folder, wanted.limits
    clock = ManualClock()
    authority = LocalAuthority.open(folder / "pki", SystemClock())
    chosen = IngestSettings(**{"commit_milliseconds": 5, **authority.aggregator().settings(), **wanted.settings})
    with LiveDatabase.open(folder / "live", clock) as database, socket.create_server(("127.0.0.1", 0)) as bound:
        barrier = GroupCommit(database.writer, SystemClock(), gather_milliseconds=chosen.commit_milliseconds)
        identities = Identities(database.state.identity)
        catalog = Catalog(database.state, vouched=identities.labels)
        series = SeriesCatalog(database.state, catalog, clock)
        ingest = Ingest(
            database.state,
            catalog,
            barrier,
            limits=Limits(body_bytes=chosen.max_body_bytes),
            pace=AgentLimits(limits),
            new_series=NewSeries(limits, series),
            room=HeadRoom(1 << 40),
            watermark=AtOnce(),
        )
        ingest.listen(series.note)
        identity = identity_side(database.state.identity, identities, barrier, clock, issuer=authority.issuer)
        side = AgentSide(ingest, identity.certificates, identity.enrolment, RequestLimits(limits, clock))
        gate = ingest_gate(chosen, limits)
        context = live_context(chosen)
        server = ingest_server(side, chosen, clock, context, gate=gate, peers=wanted.peers)
        loop = asyncio.get_running_loop()
        port = bound.getsockname()[1]
        started.set_result(Listener(port, clock, authority, catalog, barrier, identity, context, server, loop))
        await server.serve(sockets=[bound])
        await barrier.close()
