"""Bringing rows of many files together in few: days to months, and the tables of a day.

Rows are copied as they are, which costs next to nothing. Only where several rows of a host hold the same time, because
some came late, and where a kind has one row for all of a month, are they decoded and written anew. Tables have a row
for each hour, and those of an hour that was sealed in pieces become one.
"""

from collections.abc import Iterator, Sequence

from sysmon_appliance.compactor.inputs import opened
from sysmon_appliance.compactor.outputs import Bench, Output, keep_all
from sysmon_appliance.compactor.rows import ROW_VALUES, is_sparse, united
from sysmon_appliance.compactor.tables import of_one_hour
from sysmon_appliance.domain.jobs import JoinSegments, Outcome
from sysmon_appliance.domain.merging import merge_stored_rollups
from sysmon_appliance.domain.segments import HOUR_MS, Kind
from sysmon_appliance.domain.tables import joined
from sysmon_appliance.segments.files import Row
from sysmon_appliance.segments.writer import SegmentWriter

_STATISTICS = 5  # of each bucket


def join_segments(job: JoinSegments, bench: Bench) -> Outcome:
    """Copy the rows of a job, and merge those that belong together."""
    output = Output(bench, job.kind, job.level)
    with opened(bench, job.inputs) as inputs:
        hosts = inputs.hosts()
        for number, host in enumerate(hosts, 1):
            writer = output.host(host)
            for rows in _groups(job.kind, list(inputs.rows(host.key))):
                _write(writer, job.kind, rows)
                bench.pace.breathe()
            bench.progress(number / len(hosts))
    return Outcome(add=tuple(keep_all([output])), drop=tuple(segment.name for segment in job.inputs))


def _groups(kind: Kind, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Put rows together that are to be one, as long as they fit into memory; each group in order of arrival.

    Those are rows that hold the same time, and of rollups of an hour all.
    """
    if kind is Kind.TABLES:
        yield from of_one_hour(rows)
        return
    if kind is Kind.HOUR:
        yield from _dense(rows)
        return
    group: list[int] = []
    values, end_ms = 0, -1
    for place in sorted(range(len(rows)), key=lambda place: rows[place].start_ms):
        row = rows[place]
        size = _values(kind, row)
        if group and (row.start_ms > end_ms or values + size > ROW_VALUES):
            yield [rows[each] for each in sorted(group)]
            group, values = [], 0
        group.append(place)
        values, end_ms = values + size, max(end_ms, row.end_ms)
    if group:
        yield [rows[each] for each in sorted(group)]


def _dense(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Put rows of hours together as long as what comes of them fits into memory, and is not mostly missing values."""
    group: list[int] = []
    series: frozenset[object] = frozenset()
    held, start_ms = 0, 0
    for place in sorted(range(len(rows)), key=lambda place: rows[place].start_ms):
        row, own = rows[place], rows[place].schema().schema.series
        wider, held = series.union(own), held + row.ticks_count * len(own)
        values = len(wider) * ((row.end_ms - start_ms) // HOUR_MS + 1)
        if group and (_STATISTICS * values > ROW_VALUES or is_sparse(values, held)):
            yield [rows[each] for each in sorted(group)]
            group, wider, held = [], frozenset(own), row.ticks_count * len(own)
        start_ms = start_ms if group else row.start_ms
        group.append(place)
        series = wider
    if group:
        yield [rows[each] for each in sorted(group)]


def _values(kind: Kind, row: Row) -> int:
    """Count what has to be in memory when a row is written anew."""
    return row.ticks_count * len(row.schema().schema.series) * (1 if kind is Kind.RAW else _STATISTICS)


def _write(writer: SegmentWriter, kind: Kind, rows: Sequence[Row]) -> None:
    host = rows[0].host
    if len(rows) == 1:
        writer.copy(rows[0])
    elif kind is Kind.TABLES:
        writer.add_table(host, joined([row.table() for row in rows]))
    elif kind is Kind.RAW:
        for ticks in united([row.ticks() for row in rows]):
            writer.add_ticks(host, ticks.schema, ticks.t, ticks.values, ticks.gaps)
    else:
        merged = merge_stored_rollups([row.rollups() for row in rows])
        writer.add_rollups(host, merged.schema, merged.t, merged.last_ms, merged.stats, merged.gaps)
