"""Answers questions about the past of one host out of the head. Everything here blocks: call it in a thread."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np

from sysmon_agent.clock import Clock
from sysmon_agent.names import METRICS, PROCESS_TABLE, Kind
from sysmon_agent.wire.messages import Attributes, TableRows
from sysmon_appliance.domain import charts
from sysmon_appliance.domain.batches import HeadReader, StoredBatch
from sysmon_appliance.domain.downsample import Points, Times, Window, reduce, with_nulls
from sysmon_appliance.domain.fleet import GAP_INTERVALS
from sysmon_appliance.domain.gaps import GapFinder, TimeGap
from sysmon_appliance.domain.history import L, Line, LinePlan, LineReader, Lines, Plans
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.errors import BadRequestError, NotFoundError

MAX_SERIES = 1000
"""More lines than this are no answer to anything; sum them with `by` or choose with `attribute`."""

_CHUNK_TICKS = 4096
_CHUNK_VALUES = 4 << 20
"""What is in memory at one time, whatever the range: 4,096 ticks or 32 MiB of values."""

_TABLE_REACH_MS = (60_000, 3_600_000, 86_400_000)
"""How far back the newest table is sought, in steps."""


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
    """Lines over shared times, and the stretches without data."""

    lines: Lines[L]
    gaps: tuple[TimeGap, ...]


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """One tick's rows of a table; `at_ms` is None when there is none."""

    at_ms: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]


def is_counter(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].kind is Kind.COUNTER


class History:
    """Reads the head; every call may take a while and none keeps anything."""

    def __init__(self, head: HeadReader, clock: Clock) -> None:
        self._head = head
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

    def processes(self, host: Host, at_ms: int) -> TableAnswer:
        """Return the newest process table at or before a time, no further back than a day."""
        for reach_ms in _TABLE_REACH_MS:
            found = TableAnswer(None, (), ())
            for batch in self._head.batches(host.key, at_ms - reach_ms, at_ms, tables=True):
                found = _newest_table(batch, at_ms) or found
            if found.at_ms is not None:
                return found
        return found

    def _read(self, host: Host, window: Window, plans: Plans[L]) -> Answer[L]:
        """Read ticks a chunk at a time, and keep of each chunk no more than the window has room for.

        A few intervals before the window are read too, so that its first tick has rates.
        """
        reach_ms = GAP_INTERVALS * host.interval_ms
        batches = self._head.batches(host.key, window.from_ms - reach_ms, window.to_ms)
        finder = GapFinder(window.from_ms)
        reader = LineReader(plans, host.interval_ms)
        pieces = [
            piece
            for schema, t, values in _chunks(finder.watch(batches), window)
            if (piece := _reduced(finder.note(reader.read(schema, t, values)), window))
        ]
        now_ms = self._clock.wall_ms()
        if window.to_ms >= now_ms - reach_ms:  # else the tick after the window would tell more
            finder.end(min(window.to_ms, now_ms), reach_ms)
        return Answer(_joined(pieces, window), finder.gaps(window.from_ms, window.to_ms))


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


def _chunks(batches: Iterator[StoredBatch], window: Window) -> Iterator[tuple[KnownSchema, Times, Floats]]:
    """Join batches of one schema into chunks, cut where a slice of the window ends.

    Ticks of a chunk are put in order, and of several at one time the first stays; a tick that belongs before the
    end of the last chunk comes too late and is left out.
    """
    pending: list[StoredBatch] = []
    size = 0
    end_ms = -1
    for batch in batches:
        if pending and _ends_chunk(pending[-1], batch, size, window):
            yield from _merged(pending, end_ms)
            end_ms = max(end_ms, *(int(each.wall_ms.max()) for each in pending))
            pending, size = [], 0
        pending.append(batch)
        size += len(batch.wall_ms)
    yield from _merged(pending, end_ms)


def _ends_chunk(last: StoredBatch, batch: StoredBatch, ticks: int, window: Window) -> bool:
    if batch.schema.key != last.schema.key:
        return True
    if ticks < _CHUNK_TICKS and ticks * len(batch.values) < _CHUNK_VALUES:
        return False
    return bool(window.slice_of(batch.wall_ms[:1])[0] != window.slice_of(last.wall_ms[-1:])[0])


def _merged(batches: Sequence[StoredBatch], after_ms: int) -> Iterator[tuple[KnownSchema, Times, Floats]]:
    if not batches:
        return
    t = np.concatenate([batch.wall_ms for batch in batches])
    values = np.concatenate([batch.values for batch in batches], axis=1)
    if t[0] <= after_ms or (np.diff(t) <= 0).any():
        t, order = np.unique(t, return_index=True)
        later = t > after_ms
        t, values = t[later], values[:, order[later]]
    if len(t):
        yield batches[0].schema, t, values


def _reduced(lines: Lines[L], window: Window) -> Lines[L] | None:
    """Cut lines to the window and to its number of points; None when nothing is left."""
    points = lines.points
    inside = slice(
        int(np.searchsorted(points.t, window.from_ms)), int(np.searchsorted(points.t, window.to_ms, side="right"))
    )
    cut = Points(points.t[inside], points.values[:, inside], points.breaks[inside])
    return replace(lines, points=reduce(cut, window)) if len(cut.t) else None


def _joined(pieces: Sequence[Lines[L]], window: Window) -> Lines[L]:
    """Lay pieces end to end; a line that a piece does not have is missing there.

    Where a host changes its schema again and again pieces are short, so what they leave is reduced once more.
    """
    if not pieces:
        return Lines((), Points(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0, np.bool_)))
    labels = tuple(dict.fromkeys(label for piece in pieces for label in piece.labels))
    places = {label: place for place, label in enumerate(labels)}
    t = np.concatenate([piece.points.t for piece in pieces])
    values = np.full((len(labels), len(t)), np.nan)
    start = 0
    for piece in pieces:
        end = start + len(piece.points.t)
        values[[places[label] for label in piece.labels], start:end] = piece.points.values
        start = end
    breaks = np.concatenate([piece.points.breaks for piece in pieces])
    return Lines(labels, with_nulls(reduce(Points(t, values, breaks), window)))


def _newest_table(batch: StoredBatch, at_ms: int) -> TableAnswer | None:
    """Return the process table of a batch's last tick at or before a time, if it has one."""
    position = batch.schema.table(PROCESS_TABLE)
    if position is None or position >= len(batch.tables):
        return None
    table = batch.tables[position]
    ticks = [tick for tick, rows in enumerate(table.rows_per_tick) if rows and batch.wall_ms[tick] <= at_ms]
    if not ticks:
        return None
    names = tuple(column.name for column in batch.schema.schema.tables[position].columns)
    return TableAnswer(int(batch.wall_ms[ticks[-1]]), names, _rows(table, ticks[-1]))


def _rows(table: TableRows, tick: int) -> tuple[tuple[float | str, ...], ...]:
    start = sum(table.rows_per_tick[:tick])
    end = start + table.rows_per_tick[tick]
    return tuple(zip(*(column[start:end] for column in table.columns), strict=True))
