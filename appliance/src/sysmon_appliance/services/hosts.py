"""Finding, listing, describing and comparing hosts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from sysmon_agent.names import METRICS, Kind
from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.canonical import CANONICAL, NAMES, POSITION
from sysmon_appliance.domain.fleet import FleetMatrix, Latest
from sysmon_appliance.domain.hosts import Host, HostDirectory, Status
from sysmon_appliance.domain.ledger import LedgerReader
from sysmon_appliance.domain.selector import Selector
from sysmon_appliance.errors import BadRequestError, NotFoundError
from sysmon_appliance.services.fleet import Fleet
from sysmon_appliance.services.ledger import StreamAccount, of_host

SORT_KEYS: tuple[str, ...] = ("name", "status", "last_seen", *NAMES)

_MIN_PREFIX = 4


@dataclass(frozen=True, slots=True)
class HostQuery:
    """Which hosts, in which order, and which stretch of them.

    `sort` is one of SORT_KEYS, with a minus before it for the largest first; hosts without the value come last.
    `cursor` is the id of the last host of the page before.
    """

    selector: Selector
    sort: str = "name"
    limit: int | None = None
    cursor: str | None = None


class HostView(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: Status
    last_seen: int
    first_seen: int
    interval_ms: int
    boot_id: str
    facts: dict[str, str]
    labels: dict[str, str]
    tags: tuple[str, ...]
    metadata: dict[str, str]
    simulated: bool
    latest: Mapping[str, float | None]


class SeriesView(msgspec.Struct, frozen=True):
    metric: str
    unit: str
    kind: str
    attributes: dict[str, str]
    value: float | None


class HostDetail(HostView, frozen=True):
    series: list[SeriesView]
    streams: list[StreamAccount]


class HostName(msgspec.Struct, frozen=True):
    id: str
    name: str


class ComparedRow(msgspec.Struct, frozen=True):
    """One value of each host; `delta` is against the first host, whose own is null."""

    metric: str
    unit: str
    attributes: dict[str, str]
    values: Sequence[float | None]
    delta: Sequence[float | None]


class Comparison(msgspec.Struct, frozen=True):
    hosts: list[HostName]
    rows: list[ComparedRow]


class Hosts:
    """Questions about hosts, answered from memory. Lives on the event loop."""

    def __init__(self, directory: HostDirectory, matrix: FleetMatrix, fleet: Fleet, ledger: LedgerReader) -> None:
        self._directory = directory
        self._matrix = matrix
        self._fleet = fleet
        self._ledger = ledger

    def find(self, wanted: str) -> Host:
        """Return the host with this id, this name, or an id that begins so.

        Raises
        ------
        NotFoundError
            There is none.
        BadRequestError
            There are several.
        """
        exact = self._directory.find(wanted)
        if exact is not None:
            return exact
        hosts = list(self._directory.all())
        found = [host for host in hosts if host.name == wanted]
        if not found and len(wanted) >= _MIN_PREFIX:
            found = [host for host in hosts if host.host_id.startswith(wanted)]
        if not found:
            raise NotFoundError(f"There is no host {wanted!r}.", hint="sysmon hosts list")
        if len(found) > 1:
            ids = ", ".join(host.host_id for host in found[:5])
            raise BadRequestError(f"{len(found)} hosts are called {wanted!r}: {ids}.", hint="sysmon hosts show ID")
        return found[0]

    def select(self, query: HostQuery) -> tuple[list[Host], str | None]:
        """Return a page of hosts and the cursor of the next one."""
        hosts = list(self._directory.all())
        if query.selector.terms:
            hosts = [host for host in hosts if query.selector.matches(self._facts(host))]
        return _page(self._sorted(hosts, query.sort), query)

    def describe(self, host: Host) -> HostView:
        return HostView(
            id=host.host_id,
            name=host.name,
            status=self._fleet.status(host),
            last_seen=self._fleet.last_seen_ms(host),
            first_seen=host.first_seen_ms,
            interval_ms=host.interval_ms,
            boot_id=host.boot_id,
            facts=dict(host.facts),
            labels=dict(host.labels),
            tags=host.tags,
            metadata=dict(host.metadata),
            simulated=host.simulated,
            latest=dict(zip(NAMES, self._fleet.values(host), strict=True)),
        )

    def detail(self, host: Host) -> HostDetail:
        """Describe a host with each of its series' newest value."""
        latest = self._matrix.latest(host.key)
        return HostDetail(
            **msgspec.structs.asdict(self.describe(host)),
            series=[] if latest is None else _series(latest),
            streams=of_host(self._ledger.entries(), host.key),
        )

    def compare(self, hosts: Sequence[Host], metrics: Sequence[str]) -> Comparison:
        """Lay newest values side by side: of the named metrics, counters as rates; else of the canonical ones.

        Raises
        ------
        NotFoundError
            A metric is neither canonical nor in the table of names.
        """
        rows = [row for metric in metrics or NAMES for row in self._compared(hosts, metric)]
        return Comparison([HostName(host.host_id, host.name) for host in hosts], rows)

    def _facts(self, host: Host) -> dict[str, tuple[str, ...]]:
        own = {"name": (host.name,), "id": (host.host_id,), "status": (self._fleet.status(host),), "tag": host.tags}
        return own | {key: (value,) for key, value in host.labels}

    def _sorted(self, hosts: list[Host], sort: str) -> list[Host]:
        descending, key = sort.startswith("-"), sort.removeprefix("-")
        named = sorted(hosts, key=lambda host: (host.name, host.host_id))
        if key == "name":
            return named[::-1] if descending else named
        if key == "status":
            return sorted(named, key=self._fleet.status, reverse=descending)
        if key == "last_seen":
            return sorted(named, key=self._fleet.last_seen_ms, reverse=descending)
        values = {host.key: self._fleet.values(host)[POSITION[key]] for host in named}
        present = [host for host in named if not np.isnan(values[host.key])]
        absent = [host for host in named if np.isnan(values[host.key])]
        return sorted(present, key=lambda host: values[host.key], reverse=descending) + absent

    def _compared(self, hosts: Sequence[Host], metric: str) -> Iterable[ComparedRow]:
        if metric in POSITION:
            values = [self._fleet.values(host)[POSITION[metric]] for host in hosts]
            return [_row(metric, CANONICAL[POSITION[metric]].unit, {}, values)]
        if metric not in METRICS:
            raise NotFoundError(f"There is no metric {metric!r}.", hint="sysmon hosts show HOST")
        found = [self._newest(host, metric) for host in hosts]
        every = dict.fromkeys(series for values in found for series in values)
        unit = METRICS[metric].unit + ("/s" if METRICS[metric].kind is Kind.COUNTER else "")
        return [
            _row(metric, unit, dict(series.attributes), [values.get(series, np.nan) for values in found])
            for series in every
        ]

    def _newest(self, host: Host, metric: str) -> dict[Series, float]:
        """Return the newest value of each series of a metric; of counters the newest rate."""
        latest = self._matrix.latest(host.key)
        if latest is None:
            return {}
        values = latest.rates() if METRICS[metric].kind is Kind.COUNTER else latest.tick.values
        schema = latest.tick.schema
        return {schema.schema.series[column]: float(values[column]) for column, _ in schema.columns.get(metric, [])}


def _page(hosts: list[Host], query: HostQuery) -> tuple[list[Host], str | None]:
    start = 0
    if query.cursor is not None:
        ids = [host.host_id for host in hosts]
        if query.cursor not in ids:
            raise BadRequestError("The cursor is of a host that is no longer in the list.", hint="sysmon hosts list")
        start = ids.index(query.cursor) + 1
    end = len(hosts) if query.limit is None else start + query.limit
    page = hosts[start:end]
    return page, page[-1].host_id if page and end < len(hosts) else None


def _series(latest: Latest) -> list[SeriesView]:
    """List every series of the newest tick with its value; counters as they count."""
    return [
        SeriesView(series.metric, metric.unit, metric.kind.value, dict(series.attributes), value)
        for series, value in zip(latest.tick.schema.schema.series, latest.tick.values.tolist(), strict=True)
        if (metric := METRICS.get(series.metric))
    ]


def _row(metric: str, unit: str, attributes: dict[str, str], values: list[float]) -> ComparedRow:
    return ComparedRow(metric, unit, attributes, values, [None, *(value - values[0] for value in values[1:])])
