"""What history will weigh: the manifest as it will be, day by day, under the rules of retention that hold now.

Each day is sealed, merged by day and by month, and expires as the real one would; hosts stay as many as they are, and
a day takes what the last ones took.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sysmon_appliance.domain.expiry import Limits, expired, first_kept_day, kept_hosts, kept_share
from sysmon_appliance.domain.rates import Rates
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment

_EPOCH = date(1970, 1, 1).toordinal()
_DAYS_BEFORE_MERGE = 2  # from the end of a month until it is merged


@dataclass(frozen=True, slots=True)
class Now:
    """From what the forecast begins."""

    t: int  # milliseconds
    segments: Sequence[Segment]  # in force
    dropped_bytes: int  # of files that wait for their deletion
    head_bytes: int
    monthly: frozenset[Kind]  # kinds that are merged by month
    seal_after_ms: int
    keep_dropped_ms: int


@dataclass(frozen=True, slots=True)
class Point:
    """Bytes at one moment."""

    t: int
    head: int
    kinds: Mapping[Kind, int]
    dropped: int  # of files that wait for their deletion

    @property
    def total(self) -> int:
        """All that is in force."""
        return self.head + sum(self.kinds.values())


def forecast(now: Now, rates: Rates, limits: Limits, days: int) -> Sequence[Point]:
    """Return a point for now and for the same time of each of so many days to come."""
    future = _Future(now, rates, limits)
    return [future.point(now.t), *future.pass_days(days)]


def full_at(points: Sequence[Point], free: int, cache_bytes: int | None) -> int | None:
    """Return when the disk is full; None where nothing says that it will be.

    Parameters
    ----------
    free
        Bytes that are free at the first point.
    cache_bytes
        What local copies may take at most; None where there is no object store and every segment is here.
    """
    room = _on_disk(points[0], cache_bytes) + free
    return next((point.t for point in points if _on_disk(point, cache_bytes) > room), None)


def _on_disk(point: Point, cache_bytes: int | None) -> int:
    files = point.total - point.head + point.dropped
    return point.head + (files if cache_bytes is None else min(files, cache_bytes))


class _Future:
    """The manifest as it will be at the end of each day to come."""

    def __init__(self, now: Now, rates: Rates, limits: Limits) -> None:
        self._now = now
        self._rates = rates
        self._limits = limits.by_time()
        self._max_bytes = limits.max_bytes
        self._began = min((each.start_ms for each in now.segments), default=now.t)
        self._segments = list(now.segments)
        self._dropped = [(now.t, now.dropped_bytes)]  # when, and how many bytes

    def pass_days(self, days: int) -> Iterator[Point]:
        for number in range(1, days + 1):
            t = self._now.t + number * DAY_MS
            self._dropped = [(at, size) for at, size in self._dropped if t - at < self._now.keep_dropped_ms]
            self._end_day(t // DAY_MS - 1, t)
            self._merge_months(t)
            self._expire(t)
            yield self.point(t, sealed=self._sealed_today(t))

    def point(self, t: int, sealed: Mapping[Kind, float] | None = None) -> Point:
        weighed = dict.fromkeys(Kind, 0.0) | dict(sealed or {})
        for segment in self._segments:
            weighed[segment.kind] += segment.bytes
        kinds = {kind: round(self._bounded(kind, size)) for kind, size in weighed.items()}
        return Point(t, self._now.head_bytes, kinds, sum(size for _, size in self._dropped))

    def _bounded(self, kind: Kind, size: float) -> float:
        # The oldest files go one by one, so what is left comes close to the bound; here a month is one segment.
        bound = self._max_bytes[kind]
        return min(size, bound) if bound else size

    def _sealed_today(self, t: int) -> Mapping[Kind, float]:
        share = max(t % DAY_MS - self._now.seal_after_ms, 0) / DAY_MS
        return {kind: size * share for kind, size in self._rates.sealed.items()}

    def _end_day(self, day: int, t: int) -> None:
        """Merge a day that is over, and those before that are not merged yet."""
        sealed = [each for each in self._segments if each.level is Level.SEALED]
        merged = {each.end_ms // DAY_MS for each in self._segments if each.level is not Level.SEALED}
        self._replace(sealed, (), t)
        for number in sorted({each.end_ms // DAY_MS for each in sealed} - merged | {day}):
            self._segments += self._merged_day(number)
        if not sealed:
            self._dropped.append((t, round(sum(self._rates.sealed.values()))))

    def _merged_day(self, day: int) -> Iterator[Segment]:
        share = min((day + 1) * DAY_MS - self._began, DAY_MS) / DAY_MS
        for kind, size in self._rates.day.items():
            if size:
                yield self._segment(kind, Level.DAY, day, size * share)

    def _merge_months(self, t: int) -> None:
        """Merge the days of every month that has been over for long enough."""
        current = _month(t // DAY_MS - _DAYS_BEFORE_MERGE)
        over = [each for each in self._segments if self._is_of_days(each) and _month_of(each) < current]
        groups: dict[tuple[Kind, int], list[Segment]] = {}
        for segment in over:
            groups.setdefault((segment.kind, _month_of(segment)), []).append(segment)
        self._replace(over, [self._merged(days) for days in groups.values()], t)

    def _is_of_days(self, segment: Segment) -> bool:
        return segment.level is Level.DAY and segment.kind in self._now.monthly

    def _merged(self, days: Sequence[Segment]) -> Segment:
        kind = days[0].kind
        share = self._rates.month[kind] / self._rates.day[kind] if self._rates.day[kind] else 1.0
        return replace(
            max(days, key=lambda each: each.hosts),
            level=Level.MONTH,
            start_ms=min(each.start_ms for each in days),
            end_ms=max(each.end_ms for each in days),
            first_host=min(each.first_host for each in days),
            last_host=max(each.last_host for each in days),
            bytes=round(sum(each.bytes for each in days) * share),
        )

    def _expire(self, t: int) -> None:
        found = expired(self._segments, self._limits, t)
        self._replace((*found.drop, *found.rewrite), [self._rewritten(each, t) for each in found.rewrite], t)

    def _rewritten(self, segment: Segment, t: int) -> Segment:
        kept = self._limits.kept(segment)
        return replace(
            segment,
            start_ms=max(segment.start_ms, first_kept_day(kept, t) * DAY_MS),
            hosts=min(segment.hosts, kept_hosts(segment, kept, t)),
            bytes=round(segment.bytes * kept_share(segment, self._limits, t)),
        )

    def _replace(self, gone: Iterable[Segment], come: Iterable[Segment], t: int) -> None:
        leaving = {id(each): each.bytes for each in gone}
        self._segments = [each for each in self._segments if id(each) not in leaving]
        self._segments += come
        self._dropped.append((t, sum(leaving.values())))

    def _segment(self, kind: Kind, level: Level, day: int, size: float) -> Segment:
        start = day * DAY_MS
        hosts = max(self._limits.hosts, 1)
        return Segment(
            0, "", kind, level, start, start + DAY_MS - 1, 0, 1 << 62, hosts, 0, 0, round(size), "", created_ms=start
        )


def _month_of(segment: Segment) -> int:
    return _month(segment.end_ms // DAY_MS)


def _month(day: int) -> int:
    """Return the number of a day's month; both count upwards. Beyond year 9999 all is one month."""
    found = date.fromordinal(min(_EPOCH + day, date.max.toordinal()))
    return found.year * 12 + found.month
