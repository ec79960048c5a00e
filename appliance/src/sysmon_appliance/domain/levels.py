"""At which level of detail the past is read: every tick, or rollups of a minute or an hour.

A chart shows no more than its points, so what is read follows from their number: ticks while there are few for each
point, else the longest buckets of which there is still one for each pixel. A day of which that level is not kept
(any more) is read at another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, Kind
from sysmon_appliance.domain.ticks import HostSegments, StoredRow

TICKS_PER_POINT = 10

DETAIL = (Kind.RAW, Kind.MINUTE, Kind.HOUR)
"""From the finest to the coarsest."""

_INSTEAD = {
    Kind.RAW: (Kind.RAW, Kind.MINUTE, Kind.HOUR),
    Kind.MINUTE: (Kind.MINUTE, Kind.RAW, Kind.HOUR),
    Kind.HOUR: (Kind.HOUR, Kind.MINUTE, Kind.RAW),
}
"""What is read of a day, by what is wanted: the first that there is."""


def level_for(window: Window, interval_ms: int) -> Kind:
    """Choose a level by the number of points that are wanted."""
    width_ms = window.to_ms - window.from_ms
    if width_ms <= TICKS_PER_POINT * window.points * interval_ms:
        return Kind.RAW
    return Kind.HOUR if 2 * width_ms >= window.points * BUCKET_MS[Kind.HOUR] else Kind.MINUTE


def coarser(one: Kind, other: Kind) -> Kind:
    return max(one, other, key=DETAIL.index)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind, and the days, counted since 1970, for which they are read."""

    kind: Kind
    rows: Sequence[StoredRow]
    days: frozenset[int]

    def has_all_of(self, row: StoredRow) -> bool:
        """Whether every day that a row reaches into is one of these."""
        first, end = row.start_ms // DAY_MS, row.end_ms // DAY_MS + 1
        return end - first <= len(self.days) and self.days.issuperset(range(first, end))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of merged segments; a day that is in none of the sources is read at the level that is wanted."""

    wanted: Kind
    sources: Sequence[Source]

    @classmethod
    def of(cls, segments: HostSegments, wanted: Kind, days: range) -> Self:
        """Find for each day the best kind that there is.

        A finer one stands in only where there is no segment of what is wanted: a host that has nothing in it was
        silent, and to look for more would fetch large files in vain. What is left of a kind of which something cannot
        be read comes last: the rest of such a day, which is what came late, would pass for all of it.
        """
        left, sources = frozenset(days), []
        torn = {kind: segments.torn(kind) for kind in DETAIL}
        silent = segments.days(wanted) - torn[wanted]
        finer = {kind for kind in DETAIL if coarser(kind, wanted) is not kind}
        whole = [(kind, left - torn[kind] - (silent if kind in finer else set())) for kind in _INSTEAD[wanted]]
        for kind, of_days in [*whole, *((kind, torn[kind]) for kind in _INSTEAD[wanted])]:
            source = _source(segments, kind, left & of_days)
            if source.days:
                sources.append(source)
                left -= source.days
        return cls(wanted, sources)

    @property
    def coarse_days(self) -> Mapping[int, Kind]:
        """The days of which there is only something coarser than wanted, and what that is."""
        return {
            day: source.kind
            for source in self.sources
            if source.kind is not self.wanted and coarser(source.kind, self.wanted) is source.kind
            for day in source.days
        }


def _source(segments: HostSegments, kind: Kind, days: frozenset[int]) -> Source:
    if not days:
        return Source(kind, (), days)
    within = range(min(days), max(days) + 1)
    rows = [row for row in segments.rows(kind, merged=True) if not days.isdisjoint(_days_of(row, within))]
    return Source(kind, rows, days & {day for row in rows for day in _days_of(row, within)})


def _days_of(row: StoredRow, within: range) -> range:
    """List the days that a row reaches into; a clock that was wrong may make it reach over thousands of years."""
    return range(max(row.start_ms // DAY_MS, within.start), min(row.end_ms // DAY_MS + 1, within.stop))
