"""What history will weigh."""

from dataclasses import replace
from itertools import pairwise

import pytest

from sysmon_appliance.domain.expiry import Limits
from sysmon_appliance.domain.forecast import Now, Point, forecast, full_at
from sysmon_appliance.domain.rates import HeadRate, Rates, learn
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level, Segment
from tests.support.storage import DAY, segment

EMPTY = HeadRate(0, None, None)
MONTHLY = frozenset({Kind.MINUTE, Kind.HOUR})
SIZES = {Kind.RAW: 500_000, Kind.MINUTE: 100_000, Kind.HOUR: 10_000, Kind.TABLES: 200_000}


def limits(*, raw: int = 30, minute: int = 400, hour: int = 3650, tables: int = 14, raw_bytes: int = 0) -> Limits:
    days = {Kind.RAW: raw, Kind.MINUTE: minute, Kind.HOUR: hour, Kind.TABLES: tables}
    return Limits({1: days, 2: days}, days, dict.fromkeys(Kind, 0) | {Kind.RAW: raw_bytes})


def merged(days: int, *, until: int = DAY) -> list[Segment]:
    """Days that were merged, the last of them `until`."""
    first = until - days + 1
    return [segment(kind, day=day, bytes=SIZES[kind]) for day in range(first, until + 1) for kind in Kind]


def look(segments: list[Segment], bounds: Limits, days: int, *, until: int = DAY) -> list[Point]:
    now = Now(
        t=(until + 1) * DAY_MS + 12 * HOUR_MS,
        segments=segments,
        dropped_bytes=0,
        head_bytes=1000,
        monthly=MONTHLY,
        seal_after_ms=HOUR_MS,
        keep_dropped_ms=DAY_MS,
    )
    return list(forecast(now, learn(segments, EMPTY), bounds, days))


def test_each_day_adds_what_the_last_days_took() -> None:
    """While nothing expires, every day adds the same."""
    points = look(merged(3), limits(), 10)
    assert points[10].kinds[Kind.MINUTE] - points[2].kinds[Kind.MINUTE] == pytest.approx(
        8 * SIZES[Kind.MINUTE], rel=0.01
    )
    assert points[0].total == 1000 + 3 * sum(SIZES.values())
    assert [point.t - points[0].t for point in points] == [number * DAY_MS for number in range(11)]


def test_what_expires_is_as_much_as_what_comes() -> None:
    """Once a kind has reached its time, it stays as large as it is."""
    raw = [point.kinds[Kind.RAW] for point in look(merged(30), limits(), 60)]
    assert max(raw[1:]) / min(raw[1:]) < 1.01
    assert raw[60] == pytest.approx(30.5 * SIZES[Kind.RAW], rel=0.05)


def test_a_day_that_no_calendar_has_is_foretold_all_the_same() -> None:
    """One tick of a clock that was wrong by thousands of years does not keep anybody from a forecast."""
    astray = segment(Kind.HOUR, day=(1 << 53) // DAY_MS)
    assert look([*merged(3), astray], limits(), 40)[40].total > 0


def test_a_bound_of_bytes_is_held() -> None:
    """A kind is not foretold to grow beyond the bytes that it may have."""
    bounded = look(merged(3), limits(raw_bytes=4_000_000), 60)
    assert bounded[60].kinds[Kind.RAW] == 4_000_000


def test_months_become_smaller_when_they_are_merged() -> None:
    """What merging a month saves is learnt from months that were merged, and foretold for others."""
    months = [segment(Kind.HOUR, Level.MONTH, day=DAY - 62, days=30, samples=30 * 864_000, bytes=30 * 2_000)]
    points = look([*merged(10), *months], limits(), 60)
    assert points[60].kinds[Kind.HOUR] < points[0].kinds[Kind.HOUR] + 45 * SIZES[Kind.HOUR]


def test_a_fleet_that_grew_stays_large() -> None:
    """The newest day counts where it took more than the days before."""
    small, large = (
        merged(5, until=DAY - 1),
        [replace(each, bytes=2 * each.bytes, samples=2 * each.samples) for each in merged(1)],
    )
    assert learn([*small, *large], EMPTY).day[Kind.RAW] == pytest.approx(2 * SIZES[Kind.RAW], rel=0.01)


def test_a_day_that_began_at_noon_says_as_much_as_a_whole_one() -> None:
    """The first day counts by the time that it has."""
    half = segment(start_ms=DAY * DAY_MS + 12 * HOUR_MS, bytes=SIZES[Kind.RAW] // 2, samples=432_000)
    rates = learn([half], EMPTY)
    assert rates.day[Kind.RAW] == pytest.approx(SIZES[Kind.RAW], rel=0.01)
    assert rates.days == pytest.approx(0.5, rel=0.01)


def test_the_first_minute_says_how_many_samples_there_are() -> None:
    """A first file of a minute tells the samples of a day; its bytes, most of which are no samples, tell nothing."""
    first = segment(level=Level.SEALED, end_ms=DAY * DAY_MS + 60_000, samples=600, bytes=50_000)
    rates = learn([first], EMPTY)
    assert rates.samples == 864_000
    assert 400_000 < rates.day[Kind.RAW] < 900_000
    assert rates.sealed[Kind.RAW] < 2_000_000


def test_a_day_that_has_just_begun_does_not_count_beside_others() -> None:
    """The first minutes after midnight say less than the days before."""
    minute = segment(level=Level.SEALED, day=DAY + 1, end_ms=(DAY + 1) * DAY_MS + 60_000, samples=9000)
    assert learn([*merged(3), minute], EMPTY).samples == pytest.approx(864_000, rel=0.01)


def test_before_the_first_merge_the_sealed_ticks_tell() -> None:
    """Where no day is over yet, what was sealed tells what days and rollups will take."""
    sealed = [
        segment(
            level=Level.SEALED,
            start_ms=start,
            end_ms=start + HOUR_MS - 1,
            name=str(start),
            bytes=40_000,
            samples=36_000,
        )
        for start in range(DAY * DAY_MS, DAY * DAY_MS + 6 * HOUR_MS, HOUR_MS)
    ]
    rates = learn(sealed, EMPTY)
    assert rates.sealed[Kind.RAW] == pytest.approx(24 * 40_000, rel=0.01)
    assert 0 < rates.day[Kind.HOUR] < rates.day[Kind.MINUTE] < rates.day[Kind.RAW] < rates.sealed[Kind.RAW]


def test_before_anything_is_sealed_the_head_tells() -> None:
    """In the first hour of a region, the head tells how much will be sealed."""
    rates = learn([], HeadRate(1_000_000, 0, HOUR_MS))
    assert 0 < rates.sealed[Kind.RAW] < 24_000_000
    assert learn([], EMPTY) == Rates(
        0.0, 0.0, {Kind.RAW: 0.0, Kind.TABLES: 0.0}, dict.fromkeys(Kind, 0.0), dict.fromkeys(Kind, 0.0)
    )


def test_the_disk_is_full_when_growth_reaches_its_end() -> None:
    """The day is told on which what is free is used up, and none where everything fits."""
    points = look(merged(3), limits(raw=36_500), 100)
    full = full_at(points, 20 * sum(SIZES.values()), None)
    assert full is not None
    assert 15 <= (full - points[0].t) / DAY_MS <= 40
    assert full_at(points, 1 << 40, None) is None


def test_copies_of_an_object_store_fill_no_disk() -> None:
    """Where segments lie in an object store, only the room for copies of them is used."""
    points = look(merged(3), limits(raw=36_500), 100)
    assert full_at(points, 20 * sum(SIZES.values()), 10 * sum(SIZES.values())) is None


def test_nothing_is_forgotten_by_the_day() -> None:
    """Total and parts agree at every point, and time passes by days."""
    for before, after in pairwise(look(merged(40), limits(raw=10, minute=100), 400)):
        assert after.total == after.head + sum(after.kinds.values())
        assert after.t - before.t == DAY_MS
