"""The services that an aggregator has in every role, over whatever live database it shows."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.nodes import addresses_for_agents, single_topology
from sysmon_appliance.bootstrap.storage import History
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.topology import Topology
from sysmon_appliance.services.audit import Audit
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.limits import RequestLimits
from sysmon_appliance.services.named_hosts import NamedHosts
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_answers import SeriesAnswers
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.sqlite.health import DatabaseHealth
from sysmon_appliance.web.console import Telemetry, create_app
from sysmon_appliance.web.console.audit_metrics import AuditHead
from sysmon_appliance.web.console.backup_metrics import DrillMetrics
from sysmon_appliance.web.console.certificate_metrics import CertificateEnds
from sysmon_appliance.web.console.ha_metrics import TopologyMetrics
from sysmon_appliance.web.console.storage_metrics import StorageMetrics


@dataclass(frozen=True, slots=True)
class Parts:
    catalog: Catalog
    series: SeriesCatalog
    history: History
    read_side: ReadSide
    control: Control
    telemetry: Telemetry
    topology: Topology
    limits: RequestLimits
    app: ASGIApp  # console and API

    @property
    def identity(self) -> IdentitySide:
        return self.control.identity

    def reload(self, state: State) -> None:
        """Know what a state tells, and nothing else; history reads the manifest by itself."""
        self.catalog.reload(state)
        self.series.reload(state)
        self.control.reload(state)
        self.history.side.reload(state)


def parts_of(ground: Ground, *, epoch: Callable[[], int]) -> Parts:
    """Make them; none of them runs yet. `epoch` returns the one that this node serves."""
    settings, state, clock = ground.settings, ground.database.state, ground.clock
    identities = Identities(state.identity)
    catalog = Catalog(state, vouched=identities.labels)
    series = SeriesCatalog(state, catalog, clock)
    history = History.over(ground, catalog, series)
    read_side = _read_side(ground, catalog, history, series, epoch=epoch)
    control = _control(ground, _identity(ground, identities, NamedHosts(identities, catalog, read_side.hosts.find)))
    topology = ground.topology or single_topology(ground, epoch)
    telemetry = _telemetry(ground, read_side, control.audit, history)
    telemetry.register(TopologyMetrics(topology))
    limits = RequestLimits(settings.limits, clock)
    app = create_app(
        read_side,
        control,
        history.side,
        telemetry,
        steering=Steering(topology, ground.barrier, clock),
        settings=settings.console,
        limits=limits,
    )
    return Parts(catalog, series, history, read_side, control, telemetry, topology, limits, app)


def _read_side(
    ground: Ground, catalog: Catalog, history: History, series: SeriesCatalog, *, epoch: Callable[[], int]
) -> ReadSide:
    storing, clock = ground.storing, ground.clock
    return ReadSide.over(
        catalog,
        ground.database.head,
        catalog,
        segments=history.reader,
        series=SeriesAnswers(series, ground.settings.limits),
        health=DatabaseHealth(ground.database.path.parent, storing, clock, waiting=lambda: storing.waiting),
        clock=clock,
        epoch=epoch,
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
        addresses=addresses_for_agents(ground),
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


def _telemetry(ground: Ground, read_side: ReadSide, audit: Audit, history: History) -> Telemetry:
    telemetry = Telemetry(CollectorRegistry(), read_side)
    ground.storing.listen(lambda group: telemetry.observe_commit(group.seconds))
    telemetry.register(AuditHead(audit))
    telemetry.register(CertificateEnds(ground.pki.keeper))
    telemetry.register(DrillMetrics(lambda: history.side.backups.newest_drill))
    storage = StorageMetrics(ground.database.manifest, history.segments.keeper, ground.database.contents)
    telemetry.register(storage, storage.measure)
    return telemetry
