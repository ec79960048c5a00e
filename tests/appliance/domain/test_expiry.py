"""Which segments go, and which are written again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.expiry import Expired, Limits, expired, first_kept_day, kept_share, limits_of
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment
from tests.support.head import host
from tests.support.storage import DAY, segment

NO_BOUND = dict.fromkeys(Kind, 0)


def limits(*days: int, max_bytes: int = 0) -> Limits:
    """Limits of hosts 1, 2, 3 and so on, each with the days for which all of its history is kept."""
    hosts = {key: dict.fromkeys(Kind, each) for key, each in enumerate(days, 1)}
    return Limits(hosts, dict.fromkeys(Kind, 30), dict.fromkeys(Kind, max_bytes))


def end_of(day: int) -> int:
    return (day + 1) * DAY_MS


def dropped(*segments: Segment, limits: Limits, now_ms: int) -> list[str]:
    return [each.name for each in expired(segments, limits, now_ms).drop]


def test_a_segment_goes_when_its_last_tick_is_too_old() -> None:
    """A day is kept until its youngest tick has its age, and not longer."""
    day = segment()
    assert not dropped(day, limits=limits(30), now_ms=end_of(DAY) + 30 * DAY_MS - 1)
    assert dropped(day, limits=limits(30), now_ms=end_of(DAY) + 30 * DAY_MS) == [day.name]


def test_a_segment_stays_for_the_host_that_is_kept_longest() -> None:
    """As long as one host between its first and its last may be kept, a segment is not dropped."""
    both = segment(hosts=(1, 2))
    found = expired([both], limits(10, 90), end_of(DAY) + 50 * DAY_MS)
    assert found.drop == ()
    assert found.rewrite == (both,)
    assert dropped(both, limits=limits(10, 90), now_ms=end_of(DAY) + 90 * DAY_MS) == [both.name]


def test_a_segment_is_not_written_again_for_little() -> None:
    """One host in ten is not worth the while; two are."""
    ten = segment(hosts=(1, 10))
    now_ms = end_of(DAY) + 50 * DAY_MS
    assert not expired([ten], limits(10, *[90] * 9), now_ms).rewrite
    assert expired([ten], limits(10, 10, *[90] * 8), now_ms).rewrite


def test_a_segment_without_hosts_that_expired_is_not_written_again() -> None:
    """Where as many hosts may be kept as there are in it, nothing says that one of them has expired."""
    few = replace(segment(hosts=(1, 10)), hosts=5)
    assert not expired([few], limits(*[10] * 5, *[90] * 5), end_of(DAY) + 50 * DAY_MS).rewrite


def test_a_month_is_written_again_as_its_days_expire() -> None:
    """Of a month that is kept by days, those beyond their time go once they are a fifth of it."""
    month = segment(level=Level.MONTH, days=30)
    first = DAY * DAY_MS
    assert not expired([month], limits(100), first + 105 * DAY_MS).rewrite
    assert expired([month], limits(100), first + 106 * DAY_MS).rewrite == (month,)


def test_months_of_hours_go_as_a_whole() -> None:
    """Rollups of an hour lie in rows of a month, so nothing of them can go before the month is over."""
    month = segment(Kind.HOUR, Level.MONTH, days=30)
    assert not expired([month], limits(100), DAY * DAY_MS + 125 * DAY_MS).rewrite


def test_what_is_damaged_is_dropped_in_its_time_and_never_written_again() -> None:
    """A segment that cannot be read takes its room no longer than a whole one."""
    damaged = segment(hosts=(1, 2), damaged_ms=1)
    assert not expired([damaged], limits(10, 90), end_of(DAY) + 50 * DAY_MS).rewrite
    assert dropped(damaged, limits=limits(10, 10), now_ms=end_of(DAY) + 50 * DAY_MS)


def test_the_oldest_go_when_there_is_too_much() -> None:
    """Of each kind by itself, the oldest segments go until the rest is within its bytes."""
    raw = [segment(day=DAY + number) for number in range(4)]
    hours = segment(Kind.HOUR, day=DAY - 100)
    assert dropped(*raw, hours, limits=limits(900, max_bytes=1_200_000), now_ms=end_of(DAY + 5)) == [
        raw[0].name,
        raw[1].name,
    ]


def test_hosts_that_nobody_knows_are_kept_as_everything_else() -> None:
    """A segment of hosts that left the fleet goes by the settings, as no rule can fit them."""
    gone = segment(hosts=(7, 7))
    assert not dropped(gone, limits=limits(90), now_ms=end_of(DAY) + 29 * DAY_MS)
    assert dropped(gone, limits=limits(90), now_ms=end_of(DAY) + 30 * DAY_MS)


def test_of_two_settings_the_more_cautious_counts() -> None:
    """Where two policies hold, what either keeps is kept, by days and by bytes."""
    now = RetentionSettings(raw_days=5, raw_bytes=1000, rules=("name=host-1 minute=1d",))
    before = RetentionSettings(raw_days=50, raw_bytes=500, minute_bytes=7)
    both = limits_of([host(1), host(2)], [policy_of(now), policy_of(before)])
    assert both.kept(segment(Kind.RAW, hosts=(1, 2))) == [(50, 2)]
    assert both.kept(segment(Kind.MINUTE)) == [(400, 1)]
    assert both.max_bytes == NO_BOUND | {Kind.RAW: 1000}


def test_ticks_that_are_not_merged_yet_stay_for_their_rollups() -> None:
    """Ticks that arrive later than ticks are kept wait for their merge, and are not written again before."""
    kept = limits_of([host(1), host(2)], [policy_of(RetentionSettings(rules=("name=host-1 raw=1d",)))])
    late = segment(level=Level.SEALED, hosts=(1, 2))
    assert expired([late], kept, end_of(DAY) + 60 * DAY_MS) == Expired()
    assert expired([late], kept, end_of(DAY) + 5000 * DAY_MS) == Expired(drop=(late,))
    assert dropped(segment(hosts=(1, 2)), limits=kept, now_ms=end_of(DAY) + 60 * DAY_MS)


def test_ticks_that_are_not_merged_yet_go_last_beyond_the_bytes() -> None:
    """Where ticks have no room, those go first that are in rollups."""
    late, day = segment(level=Level.SEALED, day=DAY - 9), segment()
    assert dropped(late, day, limits=limits(30, max_bytes=500_000), now_ms=end_of(DAY)) == [day.name]


def test_times_are_told_by_host() -> None:
    """Whoever writes a segment again is told of each host's own time, of strangers too."""
    cutoffs = limits(10, 90).cutoffs(segment(hosts=(1, 3)), 100 * DAY_MS)
    assert cutoffs == {1: 90 * DAY_MS, 2: 10 * DAY_MS, 3: 70 * DAY_MS}


@given(
    kind=st.sampled_from(list(Kind)),
    level=st.sampled_from(list(Level)),
    days=st.integers(1, 40),
    kept=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    passed=st.integers(0, 100),
)
def test_nothing_is_written_again_in_vain(*, kind: Kind, level: Level, days: int, kept: list[int], passed: int) -> None:
    """What was written again without what has expired has nothing more to free at that moment."""
    whole = segment(kind, level, days=days, hosts=(1, len(kept)))
    now_ms = DAY * DAY_MS + passed * DAY_MS
    bounds = limits(*kept)
    found = expired([whole], bounds, now_ms)
    if not found.rewrite:
        return
    staying = [each for each in kept if whole.end_ms >= now_ms - each * DAY_MS]
    first = max(DAY, first_kept_day(bounds.kept(whole), now_ms))
    again = replace(whole, hosts=len(staying), start_ms=first * DAY_MS)
    assert kept_share(again, bounds, now_ms) == pytest.approx(1.0)
    assert expired([again], bounds, now_ms) == expired([], bounds, now_ms)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=12), st.integers(1, 99), st.integers(0, 120))
def test_nothing_that_anybody_keeps_is_dropped(ranges: list[tuple[int, int]], days: int, passed: int) -> None:
    """A segment with a tick within the time of any of its hosts stays."""
    segments = [
        segment(day=DAY + place, hosts=(min(ends), max(ends)), name=str(place)) for place, ends in enumerate(ranges)
    ]
    bounds = limits(days, 30, 60, 10, days)
    now_ms = (DAY + passed) * DAY_MS
    for each in expired(segments, bounds, now_ms).drop:
        longest = bounds.kept(each)[0][0]
        assert each.end_ms < now_ms - longest * DAY_MS


def test_strangers_are_no_reason_to_write_a_segment_again() -> None:
    """Hosts of a segment that nobody knows stay with those that are kept."""
    strangers = replace(segment(hosts=(1, 9)), hosts=9)
    assert not expired([strangers], limits(90, 10), end_of(DAY) + 50 * DAY_MS).rewrite
