"""Sealing: batches of the head become rows of segments, one for each host and day.

Each day has a file of its own, so that it can be merged without the others. Where times are scattered over more days
than that makes sense for, or lie in the future, the rest shares a file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from sysmon_appliance.compactor.bodies import ticks_of
from sysmon_appliance.compactor.gaps import GapsAt, declared_gaps
from sysmon_appliance.compactor.head import COUNT, END_MS, SCHEMA, START_MS, Rows, SealedHead
from sysmon_appliance.compactor.outputs import Bench, Output, keep_all
from sysmon_appliance.compactor.rows import ROW_VALUES, united
from sysmon_appliance.compactor.tables import tables_of
from sysmon_appliance.domain.jobs import Outcome, SealJob
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.ticks import StoredTicks
from sysmon_appliance.segments.files import HostEntry

_OWN_DAYS = 8
"""The days that most batches are of have files of their own."""

_OTHER_DAYS = -1


def seal(job: SealJob, bench: Bench) -> Outcome:
    """Write the batches of a job into segments."""
    with closing(SealedHead(bench.place.live, job)) as head:
        ticks, tables = (_DayOutputs(bench, head.rows, kind) for kind in (Kind.RAW, Kind.TABLES))
        done = 0
        for host, rows in head.by_host():
            gaps = declared_gaps(head, host, rows)
            for chunk in _chunks(rows, head.schemas):
                bodies = list(head.bodies(chunk))
                ticks.write(host.entry, ticks_of(host.entry.key, chunk, bodies, head.schemas), gaps)
                tables.write_tables(host.entry, tables_of(chunk, bodies, head.schemas))
                bench.pace.breathe()
            done += len(rows)
            bench.progress(done / len(head.rows))
        return Outcome(add=tuple(keep_all([*ticks.all(), *tables.all()])), sealed_up_to=job.up_to)


class _DayOutputs:
    """Files of what is sealed, by day."""

    def __init__(self, bench: Bench, rows: Rows, kind: Kind) -> None:
        self._bench = bench
        self._kind = kind
        self._own = _own_days(rows, bench.clock.wall_ms())
        self._outputs: dict[int, Output] = {}

    def write(self, host: HostEntry, pieces: Sequence[StoredTicks], gaps: GapsAt) -> None:
        by_day: dict[int, list[StoredTicks]] = {}
        for piece in pieces:
            for day, part in _by_day(piece):
                by_day.setdefault(day, []).append(_with_gaps(part, gaps))
        for day in sorted(by_day):
            writer = self._of(day).host(host)
            for row in united(by_day[day]):
                writer.add_ticks(host.key, row.schema, row.t, row.values, row.gaps)

    def write_tables(self, host: HostEntry, tables: Iterable[StoredTable]) -> None:
        for table in tables:
            self._of(int(table.t[0]) // DAY_MS).host(host).add_table(host.key, table)

    def all(self) -> Iterable[Output]:
        return self._outputs.values()

    def _of(self, day: int) -> Output:
        key = day if day in self._own else _OTHER_DAYS
        if key not in self._outputs:
            self._outputs[key] = Output(self._bench, self._kind, Level.SEALED)
        return self._outputs[key]


def _own_days(rows: Rows, now_ms: int) -> frozenset[int]:
    """Choose the days, counted from 1970, that have a file of their own."""
    days, counts = np.unique(rows[:, [START_MS, END_MS]] // DAY_MS, return_counts=True)
    past = days <= now_ms // DAY_MS + 1
    most = np.argsort(-counts[past], kind="stable")[:_OWN_DAYS]
    return frozenset(days[past][most].tolist())


def _chunks(rows: Rows, schemas: Mapping[int, KnownSchema]) -> Iterator[Rows]:
    """Cut a host's batches into runs that fit into memory."""
    keys, places = np.unique(rows[:, SCHEMA], return_inverse=True)
    widths = np.array([len(schemas[key].schema.series) for key in keys.tolist()], np.int64)
    values = np.cumsum(rows[:, COUNT] * widths[places])
    yield from np.split(rows, np.flatnonzero(np.diff(values // ROW_VALUES)) + 1)


def _by_day(piece: StoredTicks) -> Iterator[tuple[int, StoredTicks]]:
    """Cut ticks where a day ends."""
    days = piece.t // DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1)).tolist()
    if len(starts) == 1:
        yield int(days[0]), piece
        return
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        yield int(days[start]), _part(piece, start, end)


def _part(piece: StoredTicks, start: int, end: int) -> StoredTicks:
    return replace(piece, t=piece.t[start:end], read=lambda chosen: piece.read(chosen)[:, start:end])


def _with_gaps(piece: StoredTicks, gaps: GapsAt) -> StoredTicks:
    """Put the gaps to the ticks that they lie before."""
    if not gaps:
        return piece
    here = set(piece.t.tolist()).intersection(gaps)
    return replace(piece, gaps=tuple(gap for at_ms in sorted(here) for gap in gaps[at_ms]))
