"""The console's application over ports held in memory, and a client that speaks to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from prometheus_client import CollectorRegistry

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.access import SessionStore
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.services.access import Access
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.web.console import Telemetry, ViaSocket, create_app
from tests.support.clock import ManualClock
from tests.support.head import START_MS, Directory, Health, Ledger, ListHead, Sessions

URL = "http://127.0.0.1:7480"


@dataclass
class Console:
    """Everything that a test of the console may want to reach into."""

    hosts: Sequence[Host] = ()
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    built: Path = Path("/nonexistent")
    sessions: SessionStore = field(default_factory=Sessions)
    ledger: Ledger = field(default_factory=Ledger)
    epoch: int = 3

    def __post_init__(self) -> None:
        self.clock = ManualClock(wall_ms=START_MS)
        self.directory = Directory(list(self.hosts))
        self.head = ListHead()
        self.health = Health()
        self.side = ReadSide.over(
            self.directory,
            self.head,
            self.ledger,
            health=self.health,
            clock=self.clock,
            epoch=lambda: self.epoch,
        )
        self.telemetry = Telemetry(CollectorRegistry(), self.side)
        self.control = Control(Access(self.sessions, self.clock, session_seconds=self.settings.session_seconds))
        self.app = create_app(self.side, self.control, self.telemetry, self.settings, built=self.built)

    def store(self, *batches: StoredBatch) -> None:
        """Do what ingest does after a commit."""
        self.head.stored += batches
        self.side.hub.update(batches)

    def browser(self) -> httpx2.AsyncClient:
        """Make a client without a session, as a browser is at first."""
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=URL)

    def operator(self) -> httpx2.AsyncClient:
        """Make a client that comes over the Unix socket."""
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(ViaSocket(self.app)), base_url="http://sysmon")

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Make a client that has opened a link."""
        async with self.browser() as client:
            answer = await client.get(f"/link/{self.control.access.new_link()}")
            assert answer.status_code == 303
            yield client
