"""Answers questions about the past of one host. Everything here blocks: call it in a thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic

import numpy as np

from sysmon_agent import names
from sysmon_agent.clock import Clock
from sysmon_agent.names import METRICS
from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain import charts
from sysmon_appliance.domain.batches import HeadReader
from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.domain.fleet import GAP_INTERVALS
from sysmon_appliance.domain.gaps import GapFinder, TimeGap
from sysmon_appliance.domain.history import L, Line, LinePlan, Lines, Plans, cut, join
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.levels import coarser, level_for
from sysmon_appliance.domain.line_reader import LineReader
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import BUCKET_MS, Kind
from sysmon_appliance.domain.ticks import TickReader
from sysmon_appliance.errors import BadRequestError, NotFoundError
from sysmon_appliance.services.ranges import Ranges, Stretch
from sysmon_appliance.services.rereading import without_damaged

MAX_SERIES = 1000
"""More lines than this are no answer to anything; sum them with `by` or choose with `attribute`."""


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """One metric of one host over a window of time.

    `chosen` maps attribute keys to the values that are wanted. `by` None keeps every series; else series are summed
    over all attributes but these.
    """

    metric: str
    window: Window
    chosen: Mapping[str, frozenset[str]]
    by: tuple[str, ...] | None
    rated: bool


@dataclass(frozen=True, slots=True)
class Answer(Generic[L]):
    """Lines over shared times, the stretches without data, and the coarsest level that was read."""

    lines: Lines[L]
    gaps: tuple[TimeGap, ...]
    level: Kind = Kind.RAW


def is_counter(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].kind is names.Kind.COUNTER


class History:
    """Reads the head and segments; every call may take a while and none keeps anything."""

    def __init__(self, head: HeadReader, segments: TickReader, clock: Clock) -> None:
        self._ranges = Ranges(head, segments)
        self._clock = clock

    def range(self, host: Host, query: RangeQuery) -> Answer[Attributes]:
        """Read one metric.

        Raises
        ------
        NotFoundError
            There is no such metric.
        BadRequestError
            The answer would have too many series.
        """
        if query.metric not in METRICS:
            raise NotFoundError(f"There is no metric {query.metric!r}.", hint="sysmon hosts show HOST")
        answer = self._read(host, query.window, lambda schema: _range_plan(schema, query))
        _check_number(len(answer.lines.labels))
        return answer

    def charts(self, host: Host, window: Window) -> Answer[charts.Label]:
        """Read all charts of the host page in one pass; labels are charts.Label values."""
        return self._read(host, window, charts.plan)

    def _read(self, host: Host, window: Window, plans: Plans[L]) -> Answer[L]:
        """Read at the level that suits the window."""
        wanted = level_for(window, host.interval_ms)
        with np.errstate(invalid="ignore"):  # infinities of both signs have no sum
            return without_damaged(partial(self._read_at, host, window, plans, wanted))

    def _read_at(self, host: Host, window: Window, plans: Plans[L], wanted: Kind) -> Answer[L]:
        """Read a chunk at a time, and keep of each chunk no more than the window has room for.

        What lies a little before the window is read too, so that its first tick has rates.
        """
        reach_ms = GAP_INTERVALS * host.interval_ms
        stretch = Stretch(host.key, window.from_ms, window.to_ms, max(reach_ms, BUCKET_MS.get(wanted, 0)))
        reader = LineReader(plans, host.interval_ms)
        finder, pieces, level = GapFinder(), [], wanted
        with self._ranges.chunks(stretch, wanted, reader.needed) as chunks:
            for chunk in chunks:
                lines = reader.read_chunk(chunk)
                finder.declare(chunk.gaps)
                finder.note(lines.points.t, lines.points.breaks)
                if piece := cut(lines, window):
                    pieces.append(piece)
                    level = coarser(level, chunk.kind)
        now_ms = self._clock.wall_ms()
        if window.to_ms >= now_ms - reach_ms:  # else the tick after the window would tell more
            finder.end(min(window.to_ms, now_ms), reach_ms)
        return Answer(join(pieces, window), finder.gaps(window.from_ms, window.to_ms), level)


def _range_plan(schema: KnownSchema, query: RangeQuery) -> LinePlan[Attributes]:
    groups: dict[Attributes, list[int]] = {}
    for column, attributes in schema.columns.get(query.metric, []):
        values = dict(attributes)
        if all(values.get(key) in wanted for key, wanted in query.chosen.items()):
            label = attributes if query.by is None else tuple((key, values.get(key, "")) for key in query.by)
            groups.setdefault(label, []).append(column)
    _check_number(len(groups))
    return LinePlan.of([Line(label, columns, rated=query.rated) for label, columns in groups.items()])


def _check_number(series: int) -> None:
    if series > MAX_SERIES:
        raise BadRequestError(
            f"The answer would have {series} series, {MAX_SERIES} are allowed: sum them with `by`,"
            " or choose with `attribute`."
        )
