"""What is to be sealed and merged next.

The head is sealed when its oldest batch has its age or it has its size; one that has grown far beyond goes in parts.
A day is merged once it is over and its batches have left the head; what comes later is merged by itself, again and
again, whenever nothing more has come for a while. Of a month that is over, days become one, with what came late. Times
that no clock can have meant, in the future or in segments that hold several days, are not waited for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sysmon_appliance.domain.jobs import Job, JoinSegments, MergeDay, SealJob
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level, Segment
from sysmon_appliance.domain.usage import HeadFacts

_FUTURE_MS = 2 * DAY_MS
_DAY_OVER_MS = HOUR_MS
_MONTH_OVER_MS = 2 * DAY_MS
_QUIET_MS = {Level.DAY: HOUR_MS, Level.MONTH: DAY_MS}
"""For so long nothing may have been added to what is to be merged to a level, unless there is much of it."""

_MANY = 24
_MOST_INPUTS = 400  # of one job: its files are open at the same time
_WRONG_CLOCK_MS = 600_000


@dataclass(frozen=True, slots=True)
class Rules:
    """When what is sealed and merged."""

    seal_after_ms: int
    seal_bytes: int
    monthly: frozenset[Kind]  # kinds that are kept for so long that months are worth the while


@dataclass(frozen=True, slots=True)
class _Span:
    """A day, a month, or the time of a segment that lies within neither."""

    kind: Kind
    start_ms: int
    end_ms: int
    calendar: bool


def seal_job(head: HeadFacts, rules: Rules, now_ms: int, *, at_once: bool = False) -> SealJob | None:
    """Return which batches are to be sealed now; `at_once` asks for all, whatever their age."""
    if not head.rows:
        return None
    if head.bytes > 2 * rules.seal_bytes:
        rows = max(1, head.rows * rules.seal_bytes // head.bytes)
        return SealJob(head.sealed_up_to, head.oldest + rows - 1)
    age_ms = now_ms - head.oldest_received_ms
    is_old = age_ms >= rules.seal_after_ms or age_ms < -_WRONG_CLOCK_MS
    if at_once or is_old or head.bytes > rules.seal_bytes:
        return SealJob(head.sealed_up_to, head.newest)
    return None


def merge_job(
    segments: Iterable[Segment], head: HeadFacts, rules: Rules, now_ms: int, *, at_once: bool = False
) -> Job | None:
    """Return what is to be merged now, the oldest first, days before months.

    `segments` are those in force that can be read; `at_once` does not wait for more to come.
    """
    readable = [segment for segment in segments if not segment.damaged_ms]
    quiet = {} if at_once else _QUIET_MS
    return _day_job(readable, head, now_ms, quiet) or _month_job(readable, rules, now_ms, quiet)


def _day_job(segments: Sequence[Segment], head: HeadFacts, now_ms: int, quiet: Mapping[Level, int]) -> Job | None:
    sealed = [segment for segment in segments if segment.level is Level.SEALED]
    for span, of_span in sorted(_by_span(sealed, _day_of).items(), key=_start):
        if (
            _is_over(span, now_ms, _DAY_OVER_MS)
            and _has_left(head, span)
            and _is_quiet(of_span, now_ms, quiet.get(Level.DAY))
        ):
            inputs, level = tuple(of_span[:_MOST_INPUTS]), Level.DAY if span.calendar else Level.MONTH
            if span.kind is Kind.TABLES:
                return JoinSegments(span.kind, level, inputs)
            return MergeDay(level, inputs, merged_beside(inputs, segments))
    return None


def _month_job(
    segments: Sequence[Segment], rules: Rules, now_ms: int, quiet: Mapping[Level, int]
) -> JoinSegments | None:
    days = [one for one in segments if one.level is Level.DAY and one.kind in rules.monthly]
    for span, of_span in sorted(_by_span(days, _month_of).items(), key=_start):
        if _is_over(span, now_ms, _MONTH_OVER_MS) and _is_quiet(of_span, now_ms, quiet.get(Level.MONTH)):
            earlier = [one for one in segments if one.level is Level.MONTH and _month_of(one) == span]
            inputs = of_span[:_MOST_INPUTS] + [one for one in earlier if any(one.shares_hosts(day) for day in of_span)]
            return JoinSegments(span.kind, Level.MONTH, tuple(sorted(inputs, key=by_arrival)))
    return None


def _by_span(segments: Iterable[Segment], span_of: Callable[[Segment], _Span]) -> Mapping[_Span, list[Segment]]:
    """Sort segments by where they lie in time, each list in order of arrival."""
    found: dict[_Span, list[Segment]] = {}
    for segment in sorted(segments, key=by_arrival):
        found.setdefault(span_of(segment), []).append(segment)
    return found


def _is_over(span: _Span, now_ms: int, after_ms: int) -> bool:
    return not span.calendar or span.end_ms + after_ms <= now_ms or span.start_ms > now_ms + _FUTURE_MS


def _has_left(head: HeadFacts, span: _Span) -> bool:
    """Whether what arrived while the day lasted is sealed."""
    return not head.rows or head.oldest_received_ms > span.end_ms or not span.calendar


def _is_quiet(segments: Sequence[Segment], now_ms: int, quiet_ms: int | None) -> bool:
    if quiet_ms is None or len(segments) >= _MANY:
        return True
    return all(not now_ms - quiet_ms < segment.created_ms <= now_ms for segment in segments)


def merged_beside(inputs: Sequence[Segment], segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Choose the ticks that were merged before: what they hold is not taken once more out of the inputs."""
    merged = (one for one in segments if one.kind is Kind.RAW and one.level is not Level.SEALED)
    return tuple(one for one in merged if any(one.overlaps(each) for each in inputs))


def _day_of(segment: Segment) -> _Span:
    start_ms = segment.start_ms - segment.start_ms % DAY_MS
    return _span_of(segment, start_ms, start_ms + DAY_MS)


def _month_of(segment: Segment) -> _Span:
    start_ms, end_ms = month_around(segment.start_ms)
    return _span_of(segment, start_ms, end_ms)


def _span_of(segment: Segment, start_ms: int, end_ms: int) -> _Span:
    if segment.end_ms < end_ms:
        return _Span(segment.kind, start_ms, end_ms, calendar=True)
    return _Span(segment.kind, segment.start_ms, segment.end_ms + 1, calendar=False)


_LAST_YEAR = 9999


def month_around(at_ms: int) -> tuple[int, int]:
    """Return the start of the month in UTC that a time lies in, and that of the next; beyond year 9999, all of it."""
    end_of_time_ms = _first_of(_LAST_YEAR, 12)
    if at_ms >= end_of_time_ms:
        return end_of_time_ms, 1 << 62
    day = datetime.fromtimestamp(at_ms // 1000, UTC)
    following = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return _first_of(day.year, day.month), _first_of(*following)


def _first_of(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


def by_arrival(segment: Segment) -> int:
    """Sort what was added to the manifest earlier before what came later."""
    return segment.number


def _start(found: tuple[_Span, list[Segment]]) -> tuple[int, Kind]:
    return found[0].start_ms, found[0].kind
