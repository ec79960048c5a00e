"""Which segments are to go, and which to be written again without what has expired.

The manifest says how many hosts a segment has and between which keys they lie, not which they are. So a segment is
dropped only when every known host between those keys has expired, and what writing it again frees is estimated from
below: by the hosts that may be kept, and by the days that nobody keeps. Once it was written again there is nothing
more to free by the same estimate, so no segment is written again and again in vain.

Ticks that left the head and are not merged yet are in no rollup. However old they are when they arrive, they are kept
as long as their rollups would be: once they are merged, each kind goes in its own time.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.retention import Days, Policy
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment

_MOST_KEPT = 0.8
"""A segment is written again when no more than this share of it is to be kept."""

_ROLLED_UP = (Kind.RAW, Kind.MINUTE, Kind.HOUR)
"""What becomes of ticks that are merged."""

Kept = Sequence[tuple[int, int]]
"""For how many days, and how many hosts; the longest first, never empty."""


class Limits:
    """For how long whose history is kept.

    Parameters
    ----------
    hosts
        By Host.key.
    otherwise
        For hosts that nobody knows.
    max_bytes
        What each kind may have in all; 0: no limit.
    """

    def __init__(self, hosts: Mapping[int, Days], otherwise: Days, max_bytes: Mapping[Kind, int]) -> None:
        self.max_bytes = max_bytes
        self._hosts = dict(sorted(hosts.items()))
        self._keys = list(self._hosts)
        self._otherwise = otherwise
        self._kept: dict[tuple[Sequence[Kind], int, int], Kept] = {}

    @property
    def hosts(self) -> int:
        """How many hosts are known."""
        return len(self._keys)

    def by_time(self) -> "Limits":
        """Return the same limits without those of bytes."""
        return Limits(self._hosts, self._otherwise, dict.fromkeys(Kind, 0))

    def kept(self, segment: Segment) -> Kept:
        """Count the known hosts that a segment may have something of by the days for which it is kept for them."""
        kinds = _ROLLED_UP if _awaits_merging(segment) else (segment.kind,)
        asked = kinds, segment.first_host, segment.last_host
        if asked not in self._kept:
            keys = self._keys[bisect_left(self._keys, asked[1]) : bisect_right(self._keys, asked[2])]
            each = (self._hosts[key] for key in keys)
            counted = Counter(max(days[kind] for kind in kinds) for days in each)
            otherwise = max(self._otherwise[kind] for kind in kinds)
            self._kept[asked] = sorted((counted or {otherwise: 1}).items(), reverse=True)
        return self._kept[asked]

    def cutoffs(self, segment: Segment, now_ms: int) -> Mapping[int, int]:
        """Return, by Host.key, the time before which rows of a segment have expired."""
        keys = range(segment.first_host, segment.last_host + 1)
        days = ((key, self._hosts.get(key, self._otherwise)[segment.kind]) for key in keys)
        return {key: now_ms - count * DAY_MS for key, count in days}


@dataclass(frozen=True, slots=True)
class Expired:
    """What retention asks for now, each the oldest first within its kind."""

    drop: tuple[Segment, ...] = ()
    rewrite: tuple[Segment, ...] = ()


def limits_of(hosts: Iterable[Host], policies: Sequence[Policy]) -> Limits:
    """Keep what any of the policies keeps."""
    days = {host.key: _longest([policy.of(host) for policy in policies]) for host in hosts}
    room = {kind: [policy.max_bytes[kind] for policy in policies] for kind in Kind}
    max_bytes = {kind: max(bounds) if all(bounds) else 0 for kind, bounds in room.items()}
    return Limits(days, _longest([policy.days for policy in policies]), max_bytes)


def expired(segments: Iterable[Segment], limits: Limits, now_ms: int) -> Expired:
    """Judge the segments in force.

    What is damaged is dropped in its time as well, and never written again. Of what is left, the oldest go until each
    kind is within its bytes; those that await merging go last.
    """
    drop: list[Segment] = []
    rewrite: list[Segment] = []
    for kind, of_kind in groupby(sorted(segments, key=_by_age), key=lambda each: each.kind):
        judged = [(each, kept_share(each, limits, now_ms)) for each in of_kind]
        drop += (segment for segment, share in judged if not share)
        kept = sorted(((segment, share) for segment, share in judged if share), key=_by_merging)
        surplus = _surplus([segment for segment, _ in kept], limits.max_bytes[kind])
        drop += (segment for segment, _ in kept[:surplus])
        rewrite += (segment for segment, share in kept[surplus:] if _worth_writing(segment, share))
    return Expired(tuple(drop), tuple(rewrite))


def kept_share(segment: Segment, limits: Limits, now_ms: int) -> float:
    """Return at most which share of a segment is still to be kept; 0 where it has expired wholly."""
    kept = limits.kept(segment)
    shortest = kept[-1][0]
    if segment.start_ms >= now_ms - shortest * DAY_MS:
        return 1.0  # nothing of it has expired
    hosts = kept_hosts(segment, kept, now_ms)
    return _kept_hosts_share(segment, hosts, kept) * _kept_span(segment, kept, now_ms) if hosts else 0.0


def kept_hosts(segment: Segment, kept: Kept, now_ms: int) -> int:
    """Count the known hosts that may have something in a segment that has not expired."""
    return sum(count for days, count in kept if segment.end_ms >= now_ms - days * DAY_MS)


def first_kept_day(kept: Kept, now_ms: int) -> int:
    """Return the first day, counted from 1970, of which the host that is kept longest still has something."""
    return now_ms // DAY_MS - kept[0][0]


def _kept_hosts_share(segment: Segment, hosts: int, kept: Kept) -> float:
    """Return at most which share of a segment's hosts is kept; one that nobody knows is, as long as another is."""
    strangers = max(segment.hosts - sum(count for _, count in kept), 0)
    return min((hosts + strangers) / max(segment.hosts, 1), 1.0)


def _kept_span(segment: Segment, kept: Kept, now_ms: int) -> float:
    """Return which share of a segment's days the host that is kept longest still has."""
    if segment.level is not Level.MONTH or segment.kind is Kind.HOUR:
        return 1.0  # its rows are as long as the segment
    first, last = segment.start_ms // DAY_MS, segment.end_ms // DAY_MS
    return min((last + 1 - first_kept_day(kept, now_ms)) / (last + 1 - first), 1.0)


def _by_age(segment: Segment) -> tuple[Kind, int, int]:
    return segment.kind, segment.end_ms, segment.number


def _by_merging(judged: tuple[Segment, float]) -> bool:
    return _awaits_merging(judged[0])


def _awaits_merging(segment: Segment) -> bool:
    return segment.kind is Kind.RAW and segment.level is Level.SEALED


def _surplus(oldest_first: Sequence[Segment], max_bytes: int) -> int:
    """Return how many of the oldest must go to come within the bytes."""
    if not max_bytes:
        return 0
    excess = sum(segment.bytes for segment in oldest_first) - max_bytes
    number = 0
    while excess > 0 and number < len(oldest_first):
        excess -= oldest_first[number].bytes
        number += 1
    return number


def _worth_writing(segment: Segment, share: float) -> bool:
    return not segment.damaged_ms and not _awaits_merging(segment) and share <= _MOST_KEPT


def _longest(choices: Sequence[Days]) -> Days:
    return {kind: max(days[kind] for days in choices) for kind in Kind}
