"""The services of one term, out of their parts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from socket import socket

from prometheus_client import CollectorRegistry

from sysmon_agent.config.addresses import Address
from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.bootstrap.ground import Ground, Lasting
from sysmon_appliance.bootstrap.nodes import single_topology
from sysmon_appliance.bootstrap.storage import History
from sysmon_appliance.domain.storekeeping import Storekeeper
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import AgentLimits, RequestLimits
from sysmon_appliance.services.named_hosts import NamedHosts
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_answers import SeriesAnswers
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.sqlite.health import DatabaseHealth
from sysmon_appliance.web.console import Telemetry, ViaSocket, create_app
from sysmon_appliance.web.console.audit_metrics import AuditHead
from sysmon_appliance.web.console.backup_metrics import DrillMetrics
from sysmon_appliance.web.console.certificate_metrics import CertificateEnds
from sysmon_appliance.web.console.ha_metrics import TopologyMetrics
from sysmon_appliance.web.console.storage_metrics import StorageMetrics
from sysmon_appliance.web.ingest import Refusals, ingest_server
from sysmon_appliance.web.limits import Limited
from sysmon_appliance.web.listeners import address_of, advertised
from sysmon_appliance.web.servers import Server, console_server, socket_server


class Term:
    """Everything built and bound; `serve` runs it, once."""

    def __init__(
        self,
        servers: Mapping[socket, Server],
        *,
        storing: GroupCommit,
        read_side: ReadSide,
        lasting: Sequence[Lasting],
        ingest_address: Address,
        console_address: Address,
    ) -> None:
        self.ingest_address = ingest_address
        self.console_address = console_address
        self._servers = servers
        self._storing = storing
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
            await self._storing.close()
            for task in background:
                task.cancel()


def join(ground: Ground) -> Term:
    """Join the services of an aggregator that takes in what agents send, and may change everything."""
    settings, listeners, state, clock = ground.settings, ground.listeners, ground.database.state, ground.clock
    identities = Identities(state.identity)
    catalog = Catalog(state, vouched=identities.labels)
    pace, requests = AgentLimits(settings.limits), RequestLimits(settings.limits, clock)
    series = SeriesCatalog(state, catalog, clock)
    history = History.over(ground, catalog, series)
    new_series = NewSeries(settings.limits, series)
    ingest = _ingest(ground, catalog, pace, new_series=new_series, room=history.segments.room)
    ingest.on_higher_epoch = ground.on_higher_epoch
    read_side = _read_side(ground, catalog, ingest, segments=history.reader, series=series)
    ingest.listen(series.note)
    ingest.listen(read_side.hub.update)
    identity = _identity(ground, identities, NamedHosts(identities, catalog, read_side.hosts.find))
    agent_side = AgentSide(ingest, identity.certificates, identity.enrolment, requests)
    control = _control(ground, identity)
    telemetry = _telemetry(ground, read_side, ingest, audit=control.audit, keeper=history.segments.keeper)
    telemetry.register(DrillMetrics(lambda: history.side.backups.newest_drill))
    gates = ground.base.gates
    refused = (gates.ingest.refused, gates.console.refused)
    telemetry.register(Limited(pace.refused, new_series.refused, requests.refused, *refused))
    topology = ground.topology or single_topology(ground, read_side.epoch)
    telemetry.register(TopologyMetrics(topology))
    app = create_app(
        read_side,
        control,
        history.side,
        telemetry,
        steering=Steering(topology, ground.barrier, clock),
        settings=settings.console,
        limits=requests,
    )
    return Term(
        {
            listeners.ingest: ingest_server(agent_side, settings.ingest, clock, ground.pki.ingest, gate=gates.ingest),
            listeners.console: console_server(app, ground.pki.console, gates.console),
            listeners.local: socket_server(ViaSocket(app)),
        },
        storing=ground.storing,
        read_side=read_side,
        lasting=(
            read_side.hub.run,
            *history.lasting,
            *ground.also,
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
        ground.storing,
        limits=limits,
        pace=pace,
        new_series=new_series,
        room=room,
        watermark=ground.watermark,
    )


def _read_side(
    ground: Ground, catalog: Catalog, ingest: Ingest, *, segments: SegmentReader, series: SeriesCatalog
) -> ReadSide:
    storing, clock = ground.storing, ground.clock
    return ReadSide.over(
        catalog,
        ground.database.head,
        catalog,
        segments=segments,
        series=SeriesAnswers(series, ground.settings.limits),
        health=DatabaseHealth(ground.database.path.parent, storing, clock, waiting=lambda: storing.waiting),
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


def _telemetry(ground: Ground, read_side: ReadSide, ingest: Ingest, *, audit: Audit, keeper: Storekeeper) -> Telemetry:
    registry = CollectorRegistry()
    registry.register(Refusals(ingest.refused))
    telemetry = Telemetry(registry, read_side)
    ground.storing.listen(lambda group: telemetry.observe_commit(group.seconds))
    telemetry.register(AuditHead(audit))
    telemetry.register(CertificateEnds(ground.pki.keeper))
    storage = StorageMetrics(ground.database.manifest, keeper, ground.database.contents)
    telemetry.register(storage, storage.measure)
    return telemetry
