"""Rows of tables over time, such as the top processes at every tick, as arrays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from sysmon_agent.wire.messages import ColumnKind, TableRows, TableSchema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.segments import HOUR_MS
from sysmon_appliance.domain.terms import Floats, Indexes, Whole


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of text: int64 [rows], the place of each row's text in `words`."""

    codes: Whole
    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        places: dict[str, int] = {}
        codes = np.array([places.setdefault(text, len(places)) for text in texts], np.int64)
        return cls(codes, tuple(places))

    def tolist(self) -> list[str]:
        return [self.words[code] for code in self.codes.tolist()]


TableColumn = Floats | Texts
"""One value per row."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """The rows of one table over ticks of a host.

    `t` is int64 [ticks], strictly rising; ticks without rows are left out. `counts` is int64 [ticks], the rows of each.
    Each column, in the order of the schema, has one value per row, those of a tick together and in their order.
    """

    schema: TableSchema
    t: Times
    counts: Whole
    columns: tuple[TableColumn, ...]

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    def named(self, column: str) -> TableColumn | None:
        """Return a column by its name; None where the table has none of that name."""
        for known, values in zip(self.schema.columns, self.columns, strict=True):
            if known.name == column:
                return values
        return None

    def part(self, start: int, end: int) -> "StoredTable":
        """Return the ticks from one place up to another, the latter excluded."""
        starts = self._starts()
        return self._with(slice(start, end), slice(int(starts[start]), int(starts[end])))

    def between(self, from_ms: int, to_ms: int) -> "StoredTable":
        """Return the ticks in from_ms..to_ms, both included; there may be none."""
        start = int(np.searchsorted(self.t, from_ms))
        return self.part(start, max(start, int(np.searchsorted(self.t, to_ms, side="right"))))

    def take(self, ticks: Indexes) -> "StoredTable":
        """Return some ticks, by their places, in that order."""
        counts = self.counts[ticks]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return self._with(ticks, np.arange(total) + np.repeat(self._starts()[ticks] - ends + counts, counts))

    def _starts(self) -> Whole:
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.counts)])

    def _with(self, ticks: Indexes | slice, rows: Indexes | slice) -> "StoredTable":
        columns = tuple(
            Texts(column.codes[rows], column.words) if isinstance(column, Texts) else column[rows]
            for column in self.columns
        )
        return StoredTable(self.schema, self.t[ticks], self.counts[ticks], columns)


def stored_tables(pieces: Iterable[tuple[TableSchema, Times, TableRows]]) -> Iterator[StoredTable]:
    """Make arrays of decoded tables, each with the times of its batch: one for each schema."""
    by_schema: dict[TableSchema, list[tuple[Times, TableRows]]] = {}
    for schema, t, rows in pieces:
        if any(rows.rows_per_tick):
            by_schema.setdefault(schema, []).append((t, rows))
    for schema, found in by_schema.items():
        yield _stored(schema, found)


def _stored(schema: TableSchema, pieces: Sequence[tuple[Times, TableRows]]) -> StoredTable:
    counts = np.array([count for _, rows in pieces for count in rows.rows_per_tick], np.int64)
    t = np.concatenate([times for times, _ in pieces])
    columns = tuple(
        _column(column.kind, chain.from_iterable(rows.columns[place] for _, rows in pieces))
        for place, column in enumerate(schema.columns)
    )
    return in_order(StoredTable(schema, t, counts, columns))


def _column(kind: ColumnKind, values: Iterable[float | str]) -> TableColumn:
    if kind is ColumnKind.TEXT:
        return Texts.of(map(str, values))
    return np.fromiter(map(float, values), np.float64)


def in_order(table: StoredTable) -> StoredTable:
    """Leave out ticks without rows, and put the others in order of time; of one time the first stays."""
    filled = np.flatnonzero(table.counts)
    if len(filled) == len(table.t) and (np.diff(table.t) > 0).all():
        return table
    _, firsts = np.unique(table.t[filled], return_index=True)
    return table.take(filled[firsts])


def joined(tables: Sequence[StoredTable]) -> StoredTable:
    """Bring pieces of one schema together, in order of time; of two ticks of a time that of the first piece stays."""
    if len(tables) == 1:
        return tables[0]
    columns = tuple(map(_joined, zip(*(table.columns for table in tables), strict=True)))
    t, counts = (np.concatenate(parts) for parts in zip(*((each.t, each.counts) for each in tables), strict=True))
    return in_order(StoredTable(tables[0].schema, t, counts, columns))


def joined_by_schema(tables: Iterable[StoredTable]) -> Sequence[StoredTable]:
    """Bring together what has the same columns; in order of time."""
    by_schema: dict[TableSchema, list[StoredTable]] = {}
    for table in tables:
        by_schema.setdefault(table.schema, []).append(table)
    return sorted(map(joined, by_schema.values()), key=lambda table: int(table.t[0]))


def _joined(columns: Sequence[TableColumn]) -> TableColumn:
    texts = [column for column in columns if isinstance(column, Texts)]
    if not texts:
        return np.concatenate([column for column in columns if not isinstance(column, Texts)])
    places: dict[str, int] = {}
    parts = []
    for column in texts:
        known = np.array([places.setdefault(word, len(places)) for word in column.words], np.int64)
        parts.append(known[column.codes])
    return Texts(np.concatenate(parts), tuple(places))


def by_hour(table: StoredTable) -> Iterator[StoredTable]:
    """Cut a table where an hour ends."""
    hours = table.t // HOUR_MS
    starts = np.flatnonzero(np.diff(hours, prepend=hours[:1] - 1)).tolist()
    for start, end in pairwise([*starts, len(hours)]):
        yield table.part(start, end)
