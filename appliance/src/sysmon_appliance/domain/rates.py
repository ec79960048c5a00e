"""What history takes in a day, learnt from the segments of the last days.

Samples count against the time that they span, so a day that began at noon says as much as a whole one; the newest day
counts alone where it had more than the mean of the last: a fleet that grew stays as large. How many bytes a sample
takes is learnt for each kind from days that were merged, and taken for granted until there are some: the first files
of a region are small, and much of them is not samples.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, MINUTE_MS, Kind, Level, Segment

_DAYS = 7
"""So many of the last days are looked at."""

_ENOUGH_MS = 6 * HOUR_MS
"""Merged days that span less say nothing of how many bytes a sample takes."""

# What is taken for granted; figures of the reference fleet.
_DAY_DENSITY = {Kind.RAW: 0.7, Kind.MINUTE: 0.15, Kind.HOUR: 0.02}
_SEALED_DENSITY = 1.0
_SEALED_OF_HEAD = 0.12
_DAY_OF_SEALED_TABLES = 0.7
_MONTH_OF_DAY = {Kind.RAW: 0.99, Kind.MINUTE: 0.95, Kind.HOUR: 0.5, Kind.TABLES: 1.0}


@dataclass(frozen=True, slots=True)
class HeadRate:
    """What the head holds, and which time of it."""

    bytes: int
    from_ms: int | None  # None: nothing
    to_ms: int | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes that a day takes, by kind."""

    days: float  # that were learnt from
    samples: float  # in a day
    sealed: Mapping[Kind, float]  # while it is as it left the head
    day: Mapping[Kind, float]  # once it is merged
    month: Mapping[Kind, float]  # once its month is merged


@dataclass(frozen=True, slots=True)
class _Day:
    """What one day has of some segments."""

    bytes: int
    samples: int
    span_ms: int


class _Files:
    """The segments in force, by kind and level."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments: dict[tuple[Kind, Level], list[Segment]] = {}
        for segment in segments:
            self._segments.setdefault((segment.kind, segment.level), []).append(segment)

    def days(self, kind: Kind, *levels: Level) -> Sequence[_Day]:
        """Sum up the last days; one that has just begun counts only where there is no other."""
        by_day: dict[int, list[Segment]] = {}
        for segment in (each for level in levels for each in self._segments.get((kind, level), ())):
            by_day.setdefault(segment.end_ms // DAY_MS, []).append(segment)
        days = [_day(by_day[number]) for number in sorted(by_day)[-_DAYS:]]
        return [day for day in days if day.span_ms >= HOUR_MS] or days

    def density(self, kind: Kind, level: Level) -> float:
        """Return bytes for each sample, or for each tick where there are no samples; 0 where nothing is known."""
        segments = self._segments.get((kind, level), ())
        held = sum(each.samples or each.ticks for each in segments)
        return sum(each.bytes for each in segments) / held if held else 0.0


def learn(segments: Iterable[Segment], head: HeadRate) -> Rates:
    """Learn from the segments in force and, before there are any, from the head."""
    files = _Files(segments)
    known = files.days(Kind.RAW, Level.DAY, Level.SEALED)
    samples = _rate(known, _samples) or _of_head(head) / _SEALED_DENSITY
    sealed_tables, day_tables = (_rate(files.days(Kind.TABLES, level), _bytes) for level in (Level.SEALED, Level.DAY))
    day = {kind: samples * _day_density(files, kind) for kind in _DAY_DENSITY}
    day[Kind.TABLES] = day_tables or sealed_tables * _DAY_OF_SEALED_TABLES
    sealed_density = min(files.density(Kind.RAW, Level.SEALED) or _SEALED_DENSITY, 2 * _SEALED_DENSITY)
    return Rates(
        days=sum(each.span_ms for each in known) / DAY_MS,
        samples=samples,
        sealed={Kind.RAW: samples * sealed_density, Kind.TABLES: sealed_tables or day_tables / _DAY_OF_SEALED_TABLES},
        day=day,
        month={kind: size * _month_share(files, kind) for kind, size in day.items()},
    )


def _day(segments: Sequence[Segment]) -> _Day:
    span_ms = max(each.end_ms for each in segments) - min(each.start_ms for each in segments)
    return _Day(
        bytes=sum(each.bytes for each in segments),
        samples=sum(each.samples for each in segments),
        span_ms=min(max(span_ms, MINUTE_MS), DAY_MS),
    )


def _rate(days: Sequence[_Day], measure: Callable[[_Day], int]) -> float:
    """Return what a day takes; 0 where no day is known."""
    if not days:
        return 0.0
    mean = sum(map(measure, days)) / sum(each.span_ms for each in days)
    return max(mean, measure(days[-1]) / days[-1].span_ms) * DAY_MS


def _bytes(day: _Day) -> int:
    return day.bytes


def _samples(day: _Day) -> int:
    return day.samples


def _day_density(files: _Files, kind: Kind) -> float:
    enough = sum(day.span_ms for day in files.days(kind, Level.DAY)) >= _ENOUGH_MS
    return files.density(kind, Level.DAY) if enough else _DAY_DENSITY[kind]


def _of_head(head: HeadRate) -> float:
    """Return the bytes that a day's batches will take once they are sealed, as the head has them now."""
    if head.from_ms is None or head.to_ms is None:
        return 0.0
    return head.bytes * _SEALED_OF_HEAD * DAY_MS / max(head.to_ms - head.from_ms, HOUR_MS)


def _month_share(files: _Files, kind: Kind) -> float:
    """Return what merging a month leaves of its days, as share."""
    month, day = files.density(kind, Level.MONTH), files.density(kind, Level.DAY)
    return month / day if month and day else _MONTH_OF_DAY[kind]
