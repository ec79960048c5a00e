"""The console's application over ports held in memory, and a client that speaks to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from argon2.profiles import CHEAPEST
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from sysmon_appliance.config import ConsoleSettings, LimitSettings
from sysmon_appliance.domain.access import Visitor
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.ticks import TickReader
from sysmon_appliance.domain.users import UsersState
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.import_storing import Bookkeeping, ImportStoring
from sysmon_appliance.services.imported_hosts import ImportedHosts
from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.limits import RequestLimits
from sysmon_appliance.services.named_hosts import NamedHosts
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_answers import SeriesAnswers
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.services.storage_side import StorageSide
from sysmon_appliance.web.console import Telemetry, ViaSocket, create_app
from sysmon_appliance.web.console.backup_metrics import DrillMetrics
from sysmon_appliance.web.console.ha_metrics import TopologyMetrics
from sysmon_appliance.web.console.storage_metrics import StorageMetrics
from tests.support.audit import ListAudit
from tests.support.backups import BackupsInMemory
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.documented import check_documented
from tests.support.fake_issuer import FakeIssuer, FakeOwnCertificates
from tests.support.head import START_MS, Directory, Health, Ledger, ListHead, NoSegments
from tests.support.identity_side import identity_side
from tests.support.staging import AreaInMemory
from tests.support.storage import StoredThings
from tests.support.topology import TopologyInMemory
from tests.support.upkeep import Shelved

NOTHING = State("cluster", 1, hosts=(), schemas=(), streams=(), next_batch=1)
URL = "http://127.0.0.1:7480"
PASSWORD = "a fine long password"
OPERATOR = Principal(Kind.SOCKET, "operator", Role.ADMIN)


@dataclass
class Console:
    """Everything that a test of the console may want to reach into."""

    hosts: Sequence[Host] = ()
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    built: Path = Path("/nonexistent")
    ledger: Ledger = field(default_factory=Ledger)
    epoch: int = 3
    limits: LimitSettings = field(default_factory=LimitSettings)
    segments: TickReader = field(default_factory=NoSegments)

    def __post_init__(self) -> None:
        self.clock = ManualClock(wall_ms=START_MS)
        self.directory = Directory(list(self.hosts))
        self.head = ListHead()
        self.barrier = InstantBarrier()
        self.health = Health()
        self.audit = ListAudit()
        self.series = SeriesCatalog(NOTHING, self.directory, self.clock)
        self.side = ReadSide.over(
            self.directory,
            self.head,
            self.ledger,
            segments=self.segments,
            series=SeriesAnswers(self.series, self.limits),
            health=self.health,
            clock=self.clock,
            epoch=lambda: self.epoch,
        )
        self.telemetry = Telemetry(CollectorRegistry(), self.side)
        state = IdentityState()
        identities = Identities(state)
        hosts = NamedHosts(identities, self.directory, self.side.hosts.find)
        self.own = FakeOwnCertificates()
        self.identity = identity_side(
            state, identities, self.barrier, self.clock, issuer=FakeIssuer(self.clock), hosts=hosts, own=self.own
        )
        self.control = Control.over(
            UsersState(),
            self.barrier,
            self.clock,
            identity=self.identity,
            passwords=Passwords(CHEAPEST),
            audit=Audit(self.audit),
            session_seconds=self.settings.session_seconds,
            idle_seconds=self.settings.session_idle_seconds,
        )
        self.stored = StoredThings()
        self.shelved = Shelved(self.stored.manifest, self.barrier, self.clock)
        metrics = StorageMetrics(self.stored.manifest, self.stored.keeper, self.stored)
        self.telemetry.register(metrics, metrics.measure)
        self.topology = TopologyInMemory()
        self.telemetry.register(TopologyMetrics(self.topology))
        self.backups = BackupsInMemory()
        self.telemetry.register(DrillMetrics(lambda: self.backups.newest_drill))
        self.area = AreaInMemory()
        self.imports = self._imports()
        self.requests = RequestLimits(self.limits, self.clock)
        self.app = create_app(
            self.side,
            self.control,
            StorageSide(
                self.stored.storage(self.directory, self.barrier, self.clock),
                self.shelved.upkeep,
                self.imports,
                self.backups,
            ),
            self.telemetry,
            steering=Steering(self.topology, self.barrier, self.clock),
            settings=self.settings,
            limits=self.requests,
            built=self.built,
        )

    def _imports(self) -> Imports:
        """Put imports over everything else; what they make of hosts is in a catalogue of their own."""
        catalog = Catalog(replace(NOTHING, hosts=self.hosts))
        books = Bookkeeping(self.stored.manifest, self.shelved.changes, catalog, self.series, self.barrier)
        return Imports(
            self.area,
            ImportStoring(books, runner=self.shelved.bench, workshop=self.shelved.bench),
            ImportedHosts(catalog, self.barrier, self.clock, most=100),
            barrier=self.barrier,
            clock=self.clock,
            series_per_host=self.limits.series_per_host,
        )

    def store(self, *batches: StoredBatch) -> None:
        """Do what ingest does after a commit."""
        self.head.stored += batches
        self.series.note(batches)
        self.side.hub.update(batches)

    def browser(self) -> httpx2.AsyncClient:
        """Make a client without a session, as a browser is at first."""
        return _client(self.app, URL)

    def operator(self) -> httpx2.AsyncClient:
        """Make a client that comes over the Unix socket."""
        return _client(ViaSocket(self.app), "http://sysmon")

    async def new_link(self) -> str:
        """Make a link as a command on this machine does, and return its token."""
        return await self.control.sessions.new_link(OPERATOR)

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Make a client that has opened a link."""
        async with self.browser() as client:
            answer = await client.get(f"/link/{await self.new_link()}")
            assert answer.status_code == 303
            yield client

    async def add_user(self, name: str = "alice", role: Role = Role.VIEWER) -> None:
        """Add a user whose password is PASSWORD."""
        _, invitation = await self.control.users.create(OPERATOR, name, role)
        await self.control.sign_in.accept(invitation, PASSWORD, Visitor())

    @asynccontextmanager
    async def as_user(self, name: str = "alice") -> AsyncIterator[httpx2.AsyncClient]:
        """Make a client that has signed in with a password, and may change things."""
        async with self.browser() as client:
            client.headers["x-sysmon"] = "1"
            answer = await client.post("/api/v1/session", json={"user": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    async def api_token(self, name: str = "", role: Role = Role.VIEWER, seconds: int = 3600) -> str:
        """Make an API token, of a user where one is named."""
        owner = Principal(Kind.USER, name, Role.ADMIN, user=name) if name else OPERATOR
        _, text = await self.control.api_tokens.create(owner, "script", role, seconds)
        return text

    @asynccontextmanager
    async def with_token(self, text: str) -> AsyncIterator[httpx2.AsyncClient]:
        """Make a client that shows an API token."""
        async with self.browser() as client:
            client.headers["authorization"] = f"Bearer {text}"
            yield client


def _client(app: ASGIApp, url: str) -> httpx2.AsyncClient:
    """Make a client that fails where the API answers what its description does not name."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=url, event_hooks={"response": [check_documented]}
    )
