"""What history takes in a day, learnt from the segments of the last days.

Each day's bytes count against the time that the day's ticks span, so a day that began at noon says as much as a whole
one. The newest day counts alone where it took more than the mean of the last: a fleet that grew stays as large.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level, Segment

_DAYS = 7
"""So many of the last days are looked at."""

# What is taken for granted until the first segments say better; figures of the reference fleet.
_SEALED_OF_HEAD = 0.12
_DAY_OF_SEALED = {Kind.RAW: 0.8, Kind.TABLES: 0.7}
_ROLLUPS_OF_RAW = {Kind.MINUTE: 0.22, Kind.HOUR: 0.03}
_MONTH_OF_DAY = {Kind.RAW: 0.99, Kind.MINUTE: 0.95, Kind.HOUR: 0.36, Kind.TABLES: 1.0}

_SEALED_KINDS = (Kind.RAW, Kind.TABLES)
ROLLUPS = (Kind.MINUTE, Kind.HOUR)


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
    """What one day has of one kind and level."""

    bytes: int
    samples: int
    span_ms: int


def learn(segments: Iterable[Segment], head: HeadRate) -> Rates:
    """Learn from the segments in force and, before there are any, from the head."""
    all_segments = list(segments)

    def days(kind: Kind, level: Level) -> Sequence[_Day]:
        return _last_days([each for each in all_segments if each.kind is kind and each.level is level])

    known = days(Kind.RAW, Level.DAY) or days(Kind.RAW, Level.SEALED)
    sealed = {kind: _rate(days(kind, Level.SEALED), _bytes) for kind in _SEALED_KINDS}
    day = {kind: _rate(days(kind, Level.DAY), _bytes) for kind in Kind}
    sealed[Kind.RAW] = sealed[Kind.RAW] or day[Kind.RAW] / _DAY_OF_SEALED[Kind.RAW] or _of_head(head)
    sealed[Kind.TABLES] = sealed[Kind.TABLES] or day[Kind.TABLES] / _DAY_OF_SEALED[Kind.TABLES]
    for kind in _SEALED_KINDS:
        day[kind] = day[kind] or sealed[kind] * _DAY_OF_SEALED[kind]
    for kind in ROLLUPS:
        day[kind] = day[kind] or day[Kind.RAW] * _ROLLUPS_OF_RAW[kind]
    return Rates(
        days=sum(each.span_ms for each in known) / DAY_MS,
        samples=_rate(known, _samples),
        sealed=sealed,
        day=day,
        month={kind: day[kind] * _month_share(all_segments, kind) for kind in Kind},
    )


def _last_days(segments: Sequence[Segment]) -> Sequence[_Day]:
    by_day: dict[int, list[Segment]] = {}
    for segment in segments:
        by_day.setdefault(segment.end_ms // DAY_MS, []).append(segment)
    return [_day(by_day[number]) for number in sorted(by_day)[-_DAYS:]]


def _day(segments: Sequence[Segment]) -> _Day:
    span_ms = max(each.end_ms for each in segments) - min(each.start_ms for each in segments)
    return _Day(
        bytes=sum(each.bytes for each in segments),
        samples=sum(each.samples for each in segments),
        span_ms=min(max(span_ms, HOUR_MS), DAY_MS),
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


def _of_head(head: HeadRate) -> float:
    if head.from_ms is None or head.to_ms is None:
        return 0.0
    return head.bytes * _SEALED_OF_HEAD * DAY_MS / max(head.to_ms - head.from_ms, HOUR_MS)


def _month_share(segments: Sequence[Segment], kind: Kind) -> float:
    """Return what merging a month leaves of its days, as share."""
    of_kind = [each for each in segments if each.kind is kind]
    month = _density([each for each in of_kind if each.level is Level.MONTH])
    day = _density([each for each in of_kind if each.level is Level.DAY])
    return month / day if month and day else _MONTH_OF_DAY[kind]


def _density(segments: Sequence[Segment]) -> float:
    """Return bytes for each sample, or for each tick where there are no samples; 0 where nothing is known."""
    held = sum(each.samples or each.ticks for each in segments)
    return sum(each.bytes for each in segments) / held if held else 0.0
