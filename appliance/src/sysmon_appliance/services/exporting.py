"""History on its way out: the values of chosen series, metric by metric, a stretch of time after the other.

An export is made of steps, each of one metric of one host over as much time as fits into memory. So it holds nothing
while nobody reads on, and others who read history have their turn between two steps. Everything here blocks: call it
in a thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.matchers import parse_matchers
from sysmon_appliance.domain.rollup_stream import RollupChunk
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import DAY_MS, Kind
from sysmon_appliance.domain.series_search import Holding, Holdings, search
from sysmon_appliance.domain.terms import Floats, Indexes
from sysmon_appliance.domain.tick_stream import TickChunk
from sysmon_appliance.services.ranges import Ranges, Stretch
from sysmon_appliance.services.rereading import without_damaged

_STEP_MS = {Kind.RAW: DAY_MS, Kind.MINUTE: 30 * DAY_MS, Kind.HOUR: 365 * DAY_MS}
"""How much time is in memory at once."""

STATISTIC = "sysmon.statistic"
"""The attribute that says which statistic of a rollup a value is."""


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """What is wanted: series that fit one of the selectors, of one host or of all, from_ms..to_ms, both included."""

    match: Sequence[str]
    host: Host | None
    from_ms: int
    to_ms: int
    level: Kind  # RAW, MINUTE or HOUR; where it is not kept any more, the next


@dataclass(frozen=True, slots=True)
class Step:
    """One metric of one host over some time."""

    host: Host
    series: frozenset[Series]
    from_ms: int
    to_ms: int
    level: Kind


Reach = Callable[[Holding], tuple[int, int]]
"""Returns the times of a host's first and last tick; for any thread."""


class Steps:
    """The steps of an export, made one by one: of years of a fleet, there are millions.

    They begin at whole days, so that each reads rows of its own.
    """

    def __init__(self, whole: Sequence[Step]) -> None:
        self._whole = whole
        self._count = sum((step.to_ms - _day(step.from_ms)) // _STEP_MS[step.level] + 1 for step in whole)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Step]:
        for step in self._whole:
            start_ms = step.from_ms
            while start_ms <= step.to_ms:
                end_ms = min(step.to_ms, _day(start_ms) + _STEP_MS[step.level] - 1)
                yield replace(step, from_ms=start_ms, to_ms=end_ms)
                start_ms = end_ms + 1


def _day(at_ms: int) -> int:
    return at_ms - at_ms % DAY_MS


class ExportLine(msgspec.Struct, frozen=True):
    """Values of one series; infinities are texts, missing values are left out."""

    host: str
    host_id: str
    metric: str
    attributes: dict[str, str]
    t: list[int]
    values: list[float | str]


class Exporter:
    """Finds what is to be exported, and reads it."""

    def __init__(self, ranges: Ranges, reach: Reach) -> None:
        self._ranges = ranges
        self._reach = reach

    def steps(self, held: Callable[[], Holdings], query: ExportQuery) -> "Steps":
        """Plan an export of series that are held; steps of one metric come one after another.

        Raises
        ------
        BadRequestError
            A selector cannot be read.
        """
        found = search(held(), [parse_matchers(text) for text in query.match])
        chosen: dict[str, list[Step]] = {}
        for holding, mask in found.hosts:
            if query.host is None or holding.host.key == query.host.key:
                numbers = holding.numbers[mask[holding.numbers]].tolist()
                for metric, series in _by_metric(found.index.series[number] for number in numbers):
                    chosen.setdefault(metric, []).append(self._whole(holding, series, query))
        return Steps([step for metric in sorted(chosen) for step in chosen[metric] if step.from_ms <= step.to_ms])

    def _whole(self, holding: Holding, series: frozenset[Series], query: ExportQuery) -> Step:
        """Make one step of all the time in which a host has sent anything, and a day more on both sides."""
        first_ms, last_ms = self._reach(holding)
        from_ms, to_ms = max(query.from_ms, first_ms - DAY_MS), min(query.to_ms, last_ms + DAY_MS)
        return Step(holding.host, series, from_ms, to_ms, query.level)

    def lines(self, step: Step) -> Sequence[ExportLine]:
        """Read a step."""
        return without_damaged(lambda: list(self._read(step)))

    def _read(self, step: Step) -> Iterator[ExportLine]:
        def needed(schema: KnownSchema) -> Indexes:
            return np.flatnonzero([series in step.series for series in schema.schema.series])

        stretch = Stretch(step.host.key, step.from_ms, step.to_ms, 0)
        with self._ranges.chunks(stretch, step.level, needed) as chunks:
            for chunk in chunks:
                series = [chunk.schema.schema.series[column] for column in needed(chunk.schema).tolist()]
                for name, values in _columns(chunk):
                    yield from _lines(step, chunk.t, series, values, statistic=name)


def _by_metric(series: Iterable[Series]) -> Iterable[tuple[str, frozenset[Series]]]:
    found: dict[str, list[Series]] = {}
    for one in series:
        found.setdefault(one.metric, []).append(one)
    return ((metric, frozenset(of_metric)) for metric, of_metric in found.items())


def _columns(chunk: TickChunk | RollupChunk) -> Iterator[tuple[str, Floats]]:
    """Yield the arrays of a chunk: one of ticks, and one for each statistic of rollups."""
    if isinstance(chunk, TickChunk):
        yield "", chunk.values
        return
    stats = chunk.stats
    with np.errstate(invalid="ignore"):
        mean = stats.total / np.where(stats.count > 0, stats.count, np.nan)
    yield from (("min", stats.minimum), ("max", stats.maximum), ("mean", mean), ("last", stats.last))
    yield "count", np.where(stats.count > 0, stats.count, np.nan)


def _lines(step: Step, t: Times, series: Sequence[Series], values: Floats, *, statistic: str) -> Iterator[ExportLine]:
    inside = (t >= step.from_ms) & (t <= step.to_ms)
    extra = {STATISTIC: statistic} if statistic else {}
    for one, row in zip(series, values, strict=True):
        there = inside & ~np.isnan(row)
        if there.any():
            attributes = dict(one.attributes) | extra
            kept = _texts(row[there])
            yield ExportLine(step.host.name, step.host.host_id, one.metric, attributes, t[there].tolist(), kept)


def _texts(values: Floats) -> list[float | str]:
    """Make values that JSON can hold."""
    listed: list[float | str] = values.tolist()
    if np.isfinite(values).all():
        return listed
    return [("Inf" if value > 0 else "-Inf") if np.isinf(value) else value for value in values.tolist()]
