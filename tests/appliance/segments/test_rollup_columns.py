import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.rollups import roll_up
from sysmon_appliance.domain.segments import HOUR_MS, MINUTE_MS
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import DamagedColumnError
from sysmon_appliance.segments.rollup_columns import pack_rollups, unpack_rollups
from sysmon_appliance.segments.rounded_rollups import COUNTER_STEPS, GAUGE_STEPS
from tests.support.rows_of_history import even

NAMES = ("minimum", "maximum", "total", "count", "last")
MINUTES = 1440


def rolled(values: Floats) -> Stats:
    return roll_up(even(values.shape[1]), values, MINUTE_MS)[2]


def kept(stats: Stats, *, exact: bool = False, metric: str = "app.value") -> Stats:
    """Return statistics as they come back; of a metric that nobody knows, what it does tells its kind."""
    schema = Schema(tuple(Series(metric, (("place", str(place)),)) for place in range(len(stats.count))))
    ticks = stats.count.max(axis=0).astype(np.int64)
    return unpack_rollups(pack_rollups(schema, stats, ticks, exact=exact), ticks)


def walk(seed: int, step: float, ticks: int = 6 * MINUTES) -> Floats:
    random = np.random.default_rng(seed)
    return 1e9 + np.cumsum(random.normal(0, step, ticks))


@given(st.lists(st.one_of(st.floats(), st.just(float("nan"))), min_size=1, max_size=40), st.booleans())
def test_the_number_of_values_is_exact_and_nothing_appears(values: list[float], exact: bool) -> None:  # noqa: FBT001
    """Whatever a series holds, each bucket has as many values as before, and one without values stays so."""
    stats = rolled(np.array([values, list(range(len(values)))]))
    found = kept(stats, exact=exact)
    assert np.array_equal(found.count, stats.count)
    for name in ("minimum", "maximum", "last"):
        assert np.array_equal(np.isnan(getattr(found, name)), np.isnan(getattr(stats, name)))


@given(st.lists(st.one_of(st.floats(), st.just(float("nan"))), min_size=1, max_size=40))
def test_statistics_that_are_not_rounded_come_back(values: list[float]) -> None:
    """Hours are what they were; of a counter the smallest value may be the last one before."""
    stats = rolled(np.array([values]))
    found = kept(stats, exact=True)
    for name in ("maximum", "last"):
        assert np.array_equal(getattr(found, name), getattr(stats, name), equal_nan=True)
    assert np.all((found.minimum <= stats.minimum) | np.isnan(stats.minimum))


@pytest.mark.parametrize("step", [0.01, 3.0, 1e6])
@pytest.mark.parametrize("decimals", [2, 12])
def test_a_gauge_is_rounded_to_a_part_of_what_it_does_in_a_minute(step: float, decimals: int) -> None:
    """The band of minimum and maximum holds the true one, and mean and last value stay within it, near theirs."""
    stats = rolled(np.round(walk(1, step), decimals)[np.newaxis])
    found = kept(stats)
    mean = stats.total / stats.count
    unit = np.median(stats.maximum - stats.minimum) / GAUGE_STEPS * (1 + 1e-9)
    assert (found.minimum <= stats.minimum).all()
    assert (found.maximum >= stats.maximum).all()
    for name, most in (("minimum", unit), ("maximum", unit), ("last", 2 * unit)):
        assert np.abs(getattr(found, name) - getattr(stats, name)).max() <= most
    assert np.abs(found.total / found.count - mean).max() <= unit + 1e-6
    for each in (found.last, found.total / found.count):
        assert ((each >= found.minimum - 1e-6) & (each <= found.maximum + 1e-6)).all()


def test_a_spike_does_not_swallow_what_lies_below_it() -> None:
    """One spike a thousand times as high leaves the base line as fine as it was."""
    values = walk(2, 1.0)
    calm = kept(rolled(values[np.newaxis]))
    values[4000] += 1e6
    spiked = kept(rolled(values[np.newaxis]))
    assert np.abs(calm.last - spiked.last)[0, :600].max() <= 2 * np.abs(calm.maximum - calm.minimum).mean()
    assert spiked.maximum.max() >= values[4000]


def test_rates_of_a_counter_are_as_good_as_before() -> None:
    """The growth of each minute is off by no more than a small part of the usual one, and the errors do not add up."""
    random = np.random.default_rng(3)
    values = np.cumsum(random.poisson(5000, 6 * MINUTES)).astype(np.float64)
    stats, found = rolled(values[np.newaxis]), kept(rolled(values[np.newaxis]))
    growth = np.diff(stats.last)
    assert np.abs(np.diff(found.last) - growth).max() <= np.median(growth) / COUNTER_STEPS
    assert abs(found.last[0, -1] - stats.last[0, -1]) <= np.median(growth) / COUNTER_STEPS
    assert (np.diff(found.last) >= 0).all()


def test_slow_counters_and_small_numbers_are_exact() -> None:
    """What moves in single steps is not rounded at all."""
    random = np.random.default_rng(4)
    values = np.array([np.cumsum(random.integers(0, 2, 600)), random.integers(100, 103, 600)], np.float64)
    stats, found = rolled(values), kept(rolled(values))
    assert np.array_equal(found.last, stats.last)
    assert np.array_equal(found.maximum, stats.maximum)
    assert np.array_equal(found.minimum[1], stats.minimum[1])
    assert np.abs(found.total[1] - stats.total[1]).max() <= stats.count.max() / 2


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e6, 3.0])
def test_a_reset_of_a_counter_spoils_nothing_but_its_minute(scale: float) -> None:
    """Before and after a reset, growth is as good as without one, in whole numbers, decimals and seconds alike."""
    random = np.random.default_rng(5)
    values = np.cumsum(random.poisson(900, 6 * MINUTES)).astype(np.float64)
    values[4003:] -= values[4003]
    stats = rolled(values[np.newaxis] / scale)
    found = kept(stats, metric="system.cpu.time")
    growth, kept_growth = np.diff(stats.last[0]), np.diff(found.last[0])
    assert np.abs(kept_growth - growth).max() <= np.median(growth) / COUNTER_STEPS * (1 + 1e-6)
    assert np.flatnonzero(kept_growth < 0).tolist() == np.flatnonzero(growth < 0).tolist()
    assert found.minimum[0, 4003 // 6] <= stats.minimum[0, 4003 // 6]
    assert found.maximum[0, 4003 // 6] >= stats.maximum[0, 4003 // 6]


def test_a_gauge_that_rises_all_day_is_no_counter() -> None:
    """What is known to be a gauge keeps its true mean in the hour in which it jumps."""
    values = np.where(np.arange(720) < 350, 10.0, 90.0)
    stats = rolled(values[np.newaxis])
    found = kept(stats, metric="system.memory.usage")
    assert np.abs(found.total - stats.total).max() <= stats.count.max() / 32


@pytest.mark.parametrize("ticks_of_a_minute", [1, 6])
def test_a_gauge_that_nobody_knows_keeps_its_minimum_where_it_jumps(ticks_of_a_minute: int) -> None:
    """What only rises is no counter for that: after a jump its minimum is the true one, as is the mean of its hour."""
    values = np.arange(120.0 * ticks_of_a_minute)
    values[60 * ticks_of_a_minute :] += 1e6
    t = MINUTE_MS // ticks_of_a_minute * np.arange(len(values))
    _, _, minutes = roll_up(t, values[np.newaxis], MINUTE_MS)
    jump = int(np.flatnonzero(minutes.minimum[0] > 1e6)[0])
    assert kept(minutes).minimum[0, jump] == pytest.approx(minutes.minimum[0, jump], abs=ticks_of_a_minute)
    _, _, hours = roll_up(t, values[np.newaxis], HOUR_MS)
    assert np.array_equal(kept(hours, exact=True).total, hours.total)


def test_hours_of_decimals_are_exact() -> None:
    """The sum of an hour is that of its decimals, and everything else is to the bit."""
    values = np.round(np.random.default_rng(6).normal(50, 20, 8640), 2)
    _, _, stats = roll_up(even(8640), values[np.newaxis], HOUR_MS)
    found = kept(stats, exact=True)
    for name in ("minimum", "maximum", "last", "count"):
        assert np.array_equal(getattr(found, name), getattr(stats, name))
    assert np.abs(found.total - stats.total).max() < 1e-8


def test_a_series_that_began_at_noon_is_kept_as_well_as_others() -> None:
    """Where a series has no value its minutes have none, and the rest is rounded as ever."""
    values = np.cumsum(np.random.default_rng(7).poisson(5000, 6 * MINUTES)).astype(np.float64)
    whole = rolled(values[np.newaxis])
    values[: 3 * MINUTES] = np.nan
    found = kept(rolled(np.array([values, np.arange(6.0 * MINUTES)])))
    assert np.isnan(found.last[0, : MINUTES // 2]).all()
    assert not found.count[0, : MINUTES // 2].any()
    growth = np.diff(whole.last[0, MINUTES // 2 :])
    assert np.abs(np.diff(found.last[0, MINUTES // 2 :]) - growth).max() <= np.median(growth) / COUNTER_STEPS * 1.01


@given(st.binary(max_size=80))
def test_any_bytes_are_statistics_or_refused(damage: bytes) -> None:
    """Bytes that are no statistics are refused."""
    try:
        found = unpack_rollups([damage], np.array([6, 6]))
    except DamagedColumnError:
        return
    assert found.last.shape == (1, 2)
