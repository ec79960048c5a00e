"""The composition root: the one place where the aggregator's parts are made and joined."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

from prometheus_client import CollectorRegistry

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import Address, parse_address
from sysmon_agent.errors import ConfigError
from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.compactor.process import CompactorProcess
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.config import AggregatorSettings, ConsoleSettings
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.jobs import JobRunner
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.domain.storekeeping import ObjectStoreState, Storekeeper, Workshop
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.configured import shelf_settings
from sysmon_appliance.objectstore.shelves import Shelf, shelf_of
from sysmon_appliance.pki.aggregator import console_files, open_issuer, own_certificates
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keeper import Keeper
from sysmon_appliance.segments.checks import check_rows
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.segments.staging import StagingFolder
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.expiry import Expiry
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.import_storing import Bookkeeping, ImportStoring
from sysmon_appliance.services.imported_hosts import ImportedHosts
from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import AgentLimits, RequestLimits
from sysmon_appliance.services.named_hosts import NamedHosts
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.remembered import Remembered, recall
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.segment_side import Parts, SegmentSide
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_answers import SeriesAnswers
from sysmon_appliance.services.storage import Kept, Storage, disk_of
from sysmon_appliance.services.store_watch import StoreWatch
from sysmon_appliance.services.upkeep import Segments, Upkeep
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.health import DatabaseHealth
from sysmon_appliance.sqlite.live import FILE_NAME
from sysmon_appliance.web.console import Telemetry, ViaSocket, create_app
from sysmon_appliance.web.console.audit_metrics import AuditHead
from sysmon_appliance.web.console.certificate_metrics import CertificateEnds
from sysmon_appliance.web.console.storage_metrics import StorageMetrics
from sysmon_appliance.web.ingest import Refusals, ingest_server, live_context
from sysmon_appliance.web.limits import Limited, console_gate, ingest_gate
from sysmon_appliance.web.listeners import address_of, advertised, is_loopback, tcp_listener, unix_listener
from sysmon_appliance.web.servers import Server, console_context, console_server, socket_server
from sysmon_appliance.web.tls import LiveContext

_SHOW = "sysmon-aggregator config show --effective"


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets that are bound and listen."""

    ingest: socket
    console: socket
    local: socket


@dataclass(frozen=True, slots=True)
class Pki:
    """Who signs for the aggregator, and what it shows to others."""

    issuer: IssuingAuthority | None
    ingest: LiveContext
    console: LiveContext | None
    keeper: Keeper


@dataclass(frozen=True, slots=True)
class Ground:
    """What all parts stand on."""

    settings: AggregatorSettings
    listeners: Listeners
    database: LiveDatabase
    shelf: Shelf
    pki: Pki
    clock: Clock
    barrier: GroupCommit


Lasting = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs from start to end, until it is cancelled."""


class Aggregator:
    """Everything built and bound; `serve` runs it, once."""

    def __init__(
        self,
        servers: Mapping[socket, Server],
        *,
        barrier: GroupCommit,
        read_side: ReadSide,
        lasting: Sequence[Lasting],
        ingest_address: Address,
        console_address: Address,
    ) -> None:
        self.ingest_address = ingest_address
        self.console_address = console_address
        self._servers = servers
        self._barrier = barrier
        self._read_side = read_side
        self._lasting = lasting

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; return when all that was accepted is committed.

        `ready` is called once when every listener answers and the fleet's recent past is in memory.
        """
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(run()) for run in self._lasting]
            serving = [tasks.create_task(server.serve([listener])) for listener, server in self._servers.items()]
            await self._read_side.refill()
            ready()
            await stop.wait()
            self._read_side.hub.close()
            for server in self._servers.values():
                server.stop()
            await asyncio.wait(serving)
            await self._barrier.close()
            for task in background:
                task.cancel()


@contextmanager
def build(settings: AggregatorSettings, clock: Clock, *, key_passphrase: bytes | None = None) -> Iterator[Aggregator]:
    """Make an aggregator from its settings; its files and sockets are let go of at the end of the block.

    Parameters
    ----------
    key_passphrase
        Opens and seals private keys on disk.

    Raises
    ------
    ConfigError, IdentityError, StorageError
        An address, a certificate or the data folder cannot be used.
    """
    with ExitStack() as closing:
        # Sockets before the database: what cannot be served must not begin an epoch.
        listeners = _listen(settings, closing)
        issuer = open_issuer(settings, clock, key_passphrase)
        bound = address_of(listeners.console)
        settings = replace(settings, console=_used(settings, bound, can_sign=issuer is not None))
        pki = _pki(issuer, settings, clock, key_passphrase)
        policy_of(settings.retention)  # no epoch begins with rules that are none
        shelf = shelf_of(shelf_settings(settings), clock)
        shelf.tidy()
        database = closing.enter_context(LiveDatabase.open(Path(settings.data), clock))
        barrier = GroupCommit(database.writer, clock, gather_milliseconds=settings.ingest.commit_milliseconds)
        yield _join(Ground(settings, listeners, database, shelf, pki, clock, barrier))


def _listen(settings: AggregatorSettings, closing: ExitStack) -> Listeners:
    ingest = closing.enter_context(tcp_listener(settings.ingest.listen, "ingest.listen"))
    console = closing.enter_context(tcp_listener(settings.console.listen, "console.listen"))
    path = Path(settings.console.socket)
    local = closing.enter_context(unix_listener(path))
    closing.callback(path.unlink, missing_ok=True)
    return Listeners(ingest, console, local)


def _pki(
    issuer: IssuingAuthority | None, settings: AggregatorSettings, clock: Clock, key_passphrase: bytes | None
) -> Pki:
    identities = own_certificates(issuer, settings, clock, key_passphrase) if issuer is not None else []
    ingest = live_context(settings.ingest, key_passphrase=key_passphrase)
    console = console_context(settings.console, key_passphrase=key_passphrase)
    keeper = Keeper(
        issuer,
        identities,
        certificate=Path(settings.ingest.certificate),
        authority=Path(settings.ingest.authority),
        reloads=[live.reload for live in (ingest, console) if live is not None],
        clock=clock,
    )
    return Pki(issuer, ingest, console, keeper)


def _join(ground: Ground) -> Aggregator:
    settings, listeners, database, clock = ground.settings, ground.listeners, ground.database, ground.clock
    identities = Identities(database.state.identity)
    catalog = Catalog(database.state, vouched=identities.labels)
    parts = _parts(ground)
    segments = SegmentSide.over(parts, database.state, settings)
    upkeep = _upkeep(ground, parts, segments)
    pace, requests = AgentLimits(settings.limits), RequestLimits(settings.limits, clock)
    series = SeriesCatalog(database.state, catalog, clock)
    new_series = NewSeries(settings.limits, series)
    ingest = _ingest(ground, catalog, pace, new_series=new_series, room=segments.room)
    reader = SegmentReader(database.manifest, ground.shelf, upkeep.reports.report)
    read_side = _read_side(ground, catalog, ingest, segments=reader, series=series)
    ingest.listen(series.note)
    ingest.listen(read_side.hub.update)
    identity = _identity(ground, identities, NamedHosts(identities, catalog, read_side.hosts.find))
    agent_side = AgentSide(ingest, identity.certificates, identity.enrolment, requests)
    control = _control(ground, identity)
    telemetry = _telemetry(ground, read_side, ingest, audit=control.audit, keeper=segments.keeper)
    gates = ingest_gate(settings.ingest, settings.limits), console_gate(settings.limits)
    telemetry.register(Limited(pace.refused, new_series.refused, requests.refused, *(gate.refused for gate in gates)))
    retention = recall(database.state.retention, settings.retention, clock.wall_ms())
    storage = _storage(ground, catalog, segments.keeper, retention)
    books = Bookkeeping(database.manifest, segments.changes, catalog, series, ground.barrier)
    imports = _imports(ground, books, parts.runner, workshop=segments.keeper)
    app = create_app(
        read_side,
        control,
        telemetry,
        settings.console,
        storage=storage,
        upkeep=upkeep,
        imports=imports,
        limits=requests,
    )
    return Aggregator(
        {
            listeners.ingest: ingest_server(agent_side, settings.ingest, clock, ground.pki.ingest, gate=gates[0]),
            listeners.console: console_server(app, ground.pki.console, gates[1]),
            listeners.local: socket_server(ViaSocket(app)),
        },
        barrier=ground.barrier,
        read_side=read_side,
        lasting=(
            read_side.hub.run,
            segments.keeper.run,
            segments.removal.run,
            upkeep.reports.run,
            upkeep.checking.run,
            imports.run,
            *_store_watch(ground.shelf),
            _expiry(ground, catalog, segments, retention).run,
            ground.pki.keeper.run,
            identity.forgetting.run,
            control.audit.run,
        ),
        ingest_address=address_of(listeners.ingest),
        console_address=address_of(listeners.console),
    )


def _ingest(ground: Ground, catalog: Catalog, pace: AgentLimits, *, new_series: NewSeries, room: HeadRoom) -> Ingest:
    settings = ground.settings
    limits = replace(DEFAULT_LIMITS, body_bytes=settings.ingest.max_body_bytes, series=settings.limits.series_per_host)
    return Ingest(
        ground.database.state,
        catalog,
        ground.barrier,
        limits=limits,
        pace=pace,
        new_series=new_series,
        room=room,
    )


def _read_side(
    ground: Ground, catalog: Catalog, ingest: Ingest, *, segments: SegmentReader, series: SeriesCatalog
) -> ReadSide:
    folder, barrier, clock = Path(ground.settings.data), ground.barrier, ground.clock
    return ReadSide.over(
        catalog,
        ground.database.head,
        catalog,
        segments=segments,
        series=SeriesAnswers(series, ground.settings.limits),
        health=DatabaseHealth(folder, barrier, clock, waiting=lambda: barrier.waiting),
        clock=clock,
        epoch=lambda: ingest.epoch,
    )


def _identity(ground: Ground, identities: Identities, hosts: NamedHosts) -> IdentitySide:
    settings = ground.settings.enrolment
    certificates = Certificates(
        identities,
        ground.barrier,
        ground.clock,
        region=ground.settings.region,
        issuer=ground.pki.issuer,
        settings=settings,
        addresses=settings.addresses or (str(advertised(ground.listeners.ingest)),),
    )
    return IdentitySide.over(
        ground.database.state.identity,
        certificates,
        ground.barrier,
        ground.clock,
        own=ground.pki.keeper,
        hosts=hosts,
        settings=settings,
    )


def _control(ground: Ground, identity: IdentitySide) -> Control:
    return Control.over(
        ground.database.state.users,
        ground.barrier,
        ground.clock,
        identity=identity,
        passwords=Passwords(),
        audit=Audit(ground.database.audit),
        session_seconds=ground.settings.console.session_seconds,
        idle_seconds=ground.settings.console.session_idle_seconds,
    )


def _parts(ground: Ground) -> Parts:
    settings, database, shelf = ground.settings, ground.database, shelf_settings(ground.settings)
    place = Workplace(
        live=Path(settings.data) / FILE_NAME,
        drafts=Path(shelf.folder) / f"drafts-{database.state.cluster_id}",
        shelf=shelf,
        cluster_id=database.state.cluster_id,
        file_bytes=settings.segments.file_bytes,
    )
    return Parts(database.manifest, database.usage, ground.shelf, CompactorProcess(place), ground.barrier, ground.clock)


def _upkeep(ground: Ground, parts: Parts, segments: SegmentSide) -> Upkeep:
    return Upkeep.over(
        Segments(parts.manifest, segments.changes, ground.shelf, check_rows),
        ground.barrier,
        ground.clock,
        runner=parts.runner,
        workshop=segments.keeper,
        last_check=ground.database.state.check,
        check_days=ground.settings.segments.check_days,
    )


def _expiry(ground: Ground, directory: HostDirectory, segments: SegmentSide, retention: Remembered) -> Expiry:
    return Expiry(
        segments.keeper,
        ground.database.manifest,
        segments.changes,
        directory,
        retention=retention,
        barrier=ground.barrier,
        clock=ground.clock,
    )


def _storage(ground: Ground, directory: HostDirectory, keeper: Storekeeper, retention: Remembered) -> Storage:
    settings, database, shelf = ground.settings, ground.database, ground.shelf
    kept = Kept(
        database.manifest,
        has_local=shelf.has_local,
        head=database.contents,
        disk=partial(disk_of, Path(shelf_settings(settings).folder)),
        object_store=partial(_object_store, shelf),
    )
    return Storage(
        kept,
        keeper,
        directory,
        barrier=ground.barrier,
        clock=ground.clock,
        retention=retention,
        settings=settings.segments,
    )


def _imports(ground: Ground, books: Bookkeeping, runner: JobRunner, *, workshop: Workshop) -> Imports:
    settings, cluster_id = ground.settings, ground.database.state.cluster_id
    area = StagingFolder(Path(shelf_settings(settings).folder) / f"imports-{cluster_id}")
    area.clear()
    return Imports(
        area,
        ImportStoring(books, runner=runner, workshop=workshop),
        ImportedHosts(books.catalog, ground.barrier, ground.clock, most=settings.enrolment.max_hosts),
        barrier=ground.barrier,
        clock=ground.clock,
        series_per_host=settings.limits.series_per_host,
    )


def _store_watch(shelf: Shelf) -> Sequence[Lasting]:
    return (StoreWatch(shelf.ask).run,) if isinstance(shelf, CachedShelf) else ()


def _object_store(shelf: Shelf) -> ObjectStoreState | None:
    return ObjectStoreState(shelf.objects.url, shelf.objects.answers) if isinstance(shelf, CachedShelf) else None


def _telemetry(ground: Ground, read_side: ReadSide, ingest: Ingest, *, audit: Audit, keeper: Storekeeper) -> Telemetry:
    registry = CollectorRegistry()
    registry.register(Refusals(ingest.refused))
    telemetry = Telemetry(registry, read_side)
    ground.barrier.listen(lambda group: telemetry.observe_commit(group.seconds))
    telemetry.register(AuditHead(audit))
    telemetry.register(CertificateEnds(ground.pki.keeper))
    storage = StorageMetrics(ground.database.manifest, keeper, ground.database.contents)
    telemetry.register(storage, storage.measure)
    return telemetry


def _used(settings: AggregatorSettings, bound: Address, *, can_sign: bool) -> ConsoleSettings:
    """Return the console's settings with the port and the certificate that are really used.

    Raises
    ------
    ConfigError
        It would be served without TLS beyond this machine.
    """
    console = settings.console
    if bool(console.certificate) != bool(console.key):
        raise ConfigError("console.certificate and console.key must be set together.", hint=_SHOW)
    if not console.certificate and not is_loopback(bound.host):
        if not can_sign:
            raise ConfigError(
                f"console.listen: {bound} is beyond this machine, so console.certificate and console.key are needed.",
                hint=_SHOW,
            )
        own = console_files(settings)
        console = replace(console, certificate=str(own.certificate), key=str(own.key))
    return replace(console, listen=str(replace(parse_address(console.listen), port=bound.port)))
