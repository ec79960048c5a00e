"""One ordered stream of ticks out of rows that may overlap.

Rows come by their earliest tick, and what overlaps is laid out together: ticks in order, and of several at one time
the one that arrived first. So it makes no difference whether a tick still lies in the head, in a segment of its own
because it came late, or in one that is merged. Of each row only the series are read that are needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sysmon_agent.wire.messages import Gap
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap, spread
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.terms import Floats, Indexes, quieted
from sysmon_appliance.domain.ticks import StoredTicks

_TOGETHER_TICKS = 4096
_TOGETHER_VALUES = 4 << 20
"""Rows that do not overlap are joined up to this: arithmetic costs the same for one as for many."""

Needed = Callable[[KnownSchema], Indexes]
"""Which columns of a schema are to be read."""


@dataclass(frozen=True, slots=True)
class TickRow:
    """Ticks as they are stored, and what the agent left out directly before them where that is not in `gaps` yet."""

    ticks: StoredTicks
    skipped: tuple[Gap, ...] = ()

    @property
    def start_ms(self) -> int:
        return int(self.ticks.t[0])

    @property
    def end_ms(self) -> int:
        return int(self.ticks.t[-1])


@dataclass(frozen=True, slots=True)
class TickChunk:
    """Ticks of one schema; `t` is int64 [ticks], strictly rising, `values` float64 [needed, ticks]."""

    schema: KnownSchema
    t: Times
    values: Floats
    gaps: tuple[TimeGap, ...] = ()

    @property
    def kind(self) -> Kind:
        return Kind.RAW

    @property
    def start_ms(self) -> int:
        return int(self.t[0])

    def part(self, start: int, end: int) -> "TickChunk":
        """Take some of the ticks; gaps stay with the first of them."""
        return TickChunk(self.schema, self.t[start:end], self.values[:, start:end], () if start else self.gaps)


def head_rows(batches: Iterable[StoredBatch]) -> Iterator[TickRow]:
    """Make rows of the head's batches; those without ticks have no place in time."""
    for batch in batches:
        if not len(batch.wall_ms):
            continue
        t, values = batch.wall_ms, batch.values
        if len(t) > 1 and (np.diff(t) <= 0).any():
            t, order = np.unique(t, return_index=True)
            values = values[:, order]
        yield TickRow(
            StoredTicks(batch.host, batch.schema, t, values.__getitem__, arrival=batch.received_ms), batch.skipped
        )


def in_order(rows: Iterable[TickRow], needed: Needed, from_ms: int) -> Iterator[TickChunk]:
    """Yield the ticks of rows, which come by their earliest tick, once and in order.

    What was left out before the very first of them counts from `from_ms` on.
    """
    pile = _Pile(needed, from_ms)
    for row in rows:
        if pile.is_apart(row) and (pile.is_full or pile.rows[-1].ticks.schema.key != row.ticks.schema.key):
            yield from pile.chunks()
            pile = _Pile(needed, pile.end_ms)
        pile.add(row)
    if pile.rows:
        yield from pile.chunks()


@dataclass(slots=True)
class _Pile:
    """Rows that are laid out together."""

    needed: Needed
    before_ms: int  # the last tick before the pile
    rows: list[TickRow] = field(default_factory=list)
    end_ms: int = 0
    _ticks: int = 0
    _values: int = 0

    @property
    def is_full(self) -> bool:
        return self._ticks >= _TOGETHER_TICKS or self._values >= _TOGETHER_VALUES

    def is_apart(self, row: TickRow) -> bool:
        """Whether a row begins after everything in the pile."""
        return bool(self.rows) and row.start_ms > self.end_ms

    def add(self, row: TickRow) -> None:
        self.end_ms = max(self.end_ms, row.end_ms) if self.rows else row.end_ms
        self.rows.append(row)
        self._ticks += len(row.ticks.t)
        self._values += len(row.ticks.t) * len(self.needed(row.ticks.schema))

    def chunks(self) -> Iterator[TickChunk]:
        """Lay the ticks out: one chunk, or one for each run of a schema."""
        by_schema: dict[int, list[StoredTicks]] = {}
        for row in self.rows:
            by_schema.setdefault(row.ticks.schema.key, []).append(row.ticks)
        sheets = [_Sheet.of(pieces, self.needed) for pieces in by_schema.values()]
        t = np.concatenate([sheet.t for sheet in sheets])
        if len(sheets) == 1 and (np.diff(t) > 0).all():
            yield TickChunk(sheets[0].schema, t, sheets[0].values, self._gaps(t))
            return
        order = _first_of_each(t, np.concatenate([sheet.arrival for sheet in sheets]))
        t = t[order]
        owner = np.repeat(np.arange(len(sheets)), [len(sheet.t) for sheet in sheets])[order]
        place = np.concatenate([np.arange(len(sheet.t)) for sheet in sheets])[order]
        starts = np.flatnonzero(np.diff(owner, prepend=-1)).tolist()
        gaps = self._gaps(t)
        for start, end in zip(starts, [*starts[1:], len(t)], strict=True):
            sheet = sheets[owner[start]]
            yield TickChunk(sheet.schema, t[start:end], sheet.values[:, place[start:end]], () if start else gaps)

    def _gaps(self, t: Times) -> tuple[TimeGap, ...]:
        """List the gaps of all rows; what a batch declares lies between its first tick and the one before that."""
        found = [gap for row in self.rows for gap in row.ticks.gaps]
        for row in self.rows:
            if row.skipped:
                place = int(np.searchsorted(t, row.start_ms))
                found += spread(row.skipped, int(t[place - 1]) if place else self.before_ms, row.start_ms)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """All rows of one schema in a pile, side by side."""

    schema: KnownSchema
    t: Times
    arrival: Times
    values: Floats

    @classmethod
    def of(cls, pieces: Sequence[StoredTicks], needed: Needed) -> "_Sheet":
        schema = pieces[0].schema
        columns = needed(schema)
        values = [quieted(piece.read(columns)) for piece in pieces]
        return cls(
            schema,
            np.concatenate([piece.t for piece in pieces]),
            np.repeat([piece.arrival for piece in pieces], [len(piece.t) for piece in pieces]),
            values[0] if len(values) == 1 else np.concatenate(values, axis=1),
        )


def _first_of_each(t: Times, arrival: Times) -> Indexes:
    """Return the places of ticks in order of time, and for each time that which arrived first."""
    order = np.lexsort((arrival, t))
    return order[np.flatnonzero(np.diff(t[order], prepend=t[order[:1]] - 1))]
