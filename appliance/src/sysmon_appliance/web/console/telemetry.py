"""The aggregator's own metrics, for Prometheus, in a registry that is handed in."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_appliance import __version__
from sysmon_appliance.domain.health import StorageState
from sysmon_appliance.services.read_side import ReadSide

ROUTE_KEY = "sysmon.route"
"""Where a route leaves its path in the scope, for counting."""

_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Telemetry(Collector):
    """Counts requests and commits as they happen, and reads everything else when asked."""

    _storage: StorageState | None = None  # read in a thread before each collection

    def __init__(self, registry: CollectorRegistry, side: ReadSide) -> None:
        self._registry = registry
        self._side = side
        self._measures: list[Callable[[], None]] = []
        self._requests = Counter(
            "sysmon_http_requests", "Requests to console and API.", ("route", "status"), registry=registry
        )
        self._commits = Histogram(
            "sysmon_commit_seconds", "Time that group commits took.", buckets=_COMMIT_BUCKETS, registry=registry
        )
        registry.register(self)

    def register(self, collector: Collector, measure: Callable[[], None] | None = None) -> None:
        """Show what another part counts, too; `measure` is called in a thread before each collection."""
        self._registry.register(collector)
        if measure is not None:
            self._measures.append(measure)

    def observe_commit(self, seconds: float) -> None:
        self._commits.observe(seconds)

    def count_request(self, route: str, status: int) -> None:
        self._requests.labels(route, str(status)).inc()

    async def exposition(self) -> bytes:
        """Write everything in Prometheus's text format."""
        self._storage = await run_in_threadpool(self._side.health.state)
        for measure in self._measures:
            await run_in_threadpool(measure)
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield from self._of_fleet()
        yield from self._of_ingest()
        yield from self._of_storage()
        yield GaugeMetricFamily("sysmon_event_streams", "Open streams of events.", self._side.hub.watchers)
        yield InfoMetricFamily("sysmon_build", "The program.", {"version": __version__})
        yield GaugeMetricFamily("sysmon_epoch", "The term of leadership.", self._side.epoch())

    def _of_fleet(self) -> Iterator[Metric]:
        summary = self._side.fleet.summary()
        hosts = GaugeMetricFamily("sysmon_hosts", "Hosts by status.", labels=("status",))
        for status, count in (("up", summary.up), ("late", summary.late), ("down", summary.down)):
            hosts.add_metric((status,), count)
        yield hosts

    def _of_ingest(self) -> Iterator[Metric]:
        meter, ledger = self._side.meter, self._side.fleet.ledger()
        yield CounterMetricFamily("sysmon_stored_batches", "Batches stored since start.", meter.batches)
        yield CounterMetricFamily("sysmon_stored_ticks", "Ticks stored since start.", meter.ticks)
        yield CounterMetricFamily("sysmon_stored_samples", "Samples stored since start.", meter.samples)
        yield GaugeMetricFamily("sysmon_ledger_stored_ticks", "Ticks stored of all streams.", ledger.stored)
        missing = GaugeMetricFamily(
            "sysmon_ledger_missing_ticks", "Ticks that no stream will ever have, by reason.", labels=("reason",)
        )
        for reason, count in ledger.by_reason.items():
            missing.add_metric((reason,), count)
        yield missing

    def _of_storage(self) -> Iterator[Metric]:
        state = self._storage
        if state is None:
            return
        yield GaugeMetricFamily("sysmon_database_writable", "1 while the database takes writes.", state.writable)
        yield GaugeMetricFamily("sysmon_database_bytes", "Size of the live database.", state.database_bytes)
        yield GaugeMetricFamily("sysmon_database_free_bytes", "Room on the database's filesystem.", state.free_bytes)
        yield GaugeMetricFamily("sysmon_commit_waiting", "Changes that wait for the next commit.", state.waiting)


class CountRequests:
    """Counts each request by its route and the status of its answer; a middleware."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._telemetry.count_request(scope.get(ROUTE_KEY, "other"), message["status"])
            await send(message)

        await self._app(scope, receive, counting)
