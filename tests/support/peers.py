"""A leader's listener for other aggregators, over a console in memory, and standbys that speak to it."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx2

from sysmon_agent.clock import SystemClock
from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Holder, Node, Role
from sysmon_appliance.domain.topology import NodeView, Progress
from sysmon_appliance.pki.local import LOCAL_REGION
from sysmon_appliance.web.console import Followed, ViaSocket, standby_app
from sysmon_appliance.web.ingest import PeerSide
from sysmon_appliance.web.peers import LeaderLink
from sysmon_appliance.web.tls import TlsFiles
from tests.support.authority import IssuedFiles
from tests.support.console import Console
from tests.support.ingest_server import Listener, listening
from tests.support.raw_agent import Answer, tls_context
from tests.support.topology import FIRST, SECOND

READ = ReadBack(SECOND.name, 7, "epoch-00000007-0123456789abcdef", mark=118, txid=500)
PROGRESS = Progress(
    7, 120, 1_800_000_000_000, handoff_to="", nodes=(NodeView(FIRST, Role.LEADER), NodeView(SECOND, Role.STANDBY))
)

STANDBY_URL = "https://standby.example"

T = TypeVar("T")


@dataclass
class ListedReports:
    """Lists what standbys report."""

    heard: list[tuple[Node, ReadBack]] = field(default_factory=list)

    def report(self, node: Node, read_back: ReadBack) -> Progress:
        self.heard.append((node, read_back))
        return PROGRESS


@dataclass
class Leader:
    """A leader that listens to its standbys; its newest mark is 120 unless a test says otherwise."""

    listener: Listener
    console: Console
    reports: ListedReports
    marks: list[int]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.port}"

    def link(self, issued: IssuedFiles | None = None, *, region: str = LOCAL_REGION) -> LeaderLink:
        """Make the link of a standby, with a standby's certificate unless another is given."""
        files = issued or self.certificate
        tls = TlsFiles(str(files.certificate), str(files.key), str(files.authority))
        return LeaderLink(tls, SystemClock(), region=region)

    def run(self, work: Awaitable[T]) -> T:
        """Run something on the leader's event loop."""

        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.listener.loop).result(timeout=20)

    @property
    def certificate(self) -> IssuedFiles:
        """The certificate of a standby."""
        return self.listener.authority.peer(SECOND.name)

    def raw(self, issued: IssuedFiles | None) -> "RawPeer":
        authority = str(self.listener.authority.aggregator().authority)
        context = tls_context(authority, issued)
        return RawPeer(http.client.HTTPSConnection("127.0.0.1", self.listener.port, context=context, timeout=20))

    @asynccontextmanager
    async def standby(self, standby: Console, *, via_socket: bool = False) -> AsyncIterator[httpx2.AsyncClient]:
        """Open a standby's console that passes on to this leader; its copy is always up to date."""
        link = self.link()
        followed = Followed(
            link, holder=lambda: Holder(Node("agg-1", self.address), 7), mark=lambda: 1 << 40, age_ms=lambda: 800
        )
        app = standby_app(standby.app, followed, standby.settings)
        transport = httpx2.ASGITransport(ViaSocket(app) if via_socket else app, client=("192.0.2.7", 4711))
        try:
            async with httpx2.AsyncClient(transport=transport, base_url=STANDBY_URL) as client:
                yield client
        finally:
            link.close()


@dataclass
class RawPeer:
    """A connection on which a test says what it likes."""

    connection: http.client.HTTPSConnection

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        content = answer.read()
        return Answer(answer.status, problem=json.loads(content) if content[:1] == b"{" else {})

    def close(self) -> None:
        self.connection.close()


@contextmanager
def leading(folder: Path, settings: ConsoleSettings | None = None) -> Iterator[Leader]:
    """Run a leader's listener in `folder`."""
    console = Console(settings=settings or ConsoleSettings())
    reports, marks = ListedReports(), [120]
    with listening(folder, peers=PeerSide(reports, console.app, mark=lambda: marks[0])) as listener:
        yield Leader(listener, console, reports, marks)


def standby_console() -> Console:
    """Make a standby's console, which is open under the name in STANDBY_URL."""
    return Console(settings=ConsoleSettings(certificate="c", url=STANDBY_URL))
