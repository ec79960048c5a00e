"""Ticks of one host as rows of a segment: brought together where that is possible, and never more than memory takes."""

from collections.abc import Iterator, Sequence

from sysmon_appliance.domain.merging import MergedTicks, merge_ticks
from sysmon_appliance.domain.ticks import StoredTicks

ROW_VALUES = 4 << 20
"""A row holds about as many values, 32 MB of them; what is merged is in memory twice."""

_MOST_VALUES = 4 * ROW_VALUES
"""So many where pieces overlap in time; beyond it two rows may hold a tick of the same time."""

_SMALL = 1 << 16
_SPARSE = 2
"""A row of more than a few values has at most so many times as many as it is made of; the others are missing."""


def is_sparse(values: int, held: int) -> bool:
    """Tell whether a row would mostly be missing values, as where each minute has series of its own."""
    return values > _SMALL and values > _SPARSE * held


def united(pieces: Sequence[StoredTicks]) -> Iterator[MergedTicks]:
    """Merge pieces, given in order of arrival, to as few rows as may be, in order of time."""
    for group in _groups(pieces):
        yield merge_ticks([pieces[place] for place in sorted(group)])


def _groups(pieces: Sequence[StoredTicks]) -> Iterator[list[int]]:
    """Put places of pieces together that follow one another in time, as long as their series times ticks allow."""
    group: list[int] = []
    series: frozenset[object] = frozenset()
    known: set[int] = set()  # keys of the schemas whose series these are
    ticks, held, end_ms = 0, 0, 0
    for place in sorted(range(len(pieces)), key=lambda place: int(pieces[place].t[0])):
        piece = pieces[place]
        wider = series if piece.schema.key in known else series.union(piece.schema.schema.series)
        values, own = max(len(wider), 1) * (ticks + len(piece.t)), len(piece.schema.schema.series) * len(piece.t)
        is_apart = piece.t[0] > end_ms
        is_full = values > ROW_VALUES or is_sparse(values, held + own) if is_apart else values > _MOST_VALUES
        if group and is_full:
            yield group
            group, wider, ticks, held = [], frozenset(piece.schema.schema.series), 0, 0
            known.clear()
        group.append(place)
        known.add(piece.schema.key)
        series, ticks, held = wider, ticks + len(piece.t), held + own
        end_ms = max(end_ms, int(piece.t[-1]))
    if group:
        yield group
