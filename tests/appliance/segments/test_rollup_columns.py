import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.rollups import roll_up
from sysmon_appliance.domain.segments import MINUTE_MS
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import DamagedColumnError
from sysmon_appliance.segments.rollup_columns import COUNTER_STEPS, GAUGE_STEPS, pack_rollups, unpack_rollups
from tests.support.rows_of_history import even

NAMES = ("minimum", "maximum", "total", "count", "last")
MINUTES = 1440


def rolled(values: Floats) -> Stats:
    return roll_up(even(values.shape[1]), values, MINUTE_MS)[2]


def kept(stats: Stats, *, exact: bool = False) -> Stats:
    """Return statistics as they come back."""
    ticks = stats.count.max(axis=0).astype(np.int64)
    return unpack_rollups(pack_rollups(stats, ticks, exact=exact), ticks)


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
def test_a_gauge_is_rounded_to_less_than_a_chart_shows(step: float) -> None:
    """The band of minimum and maximum holds the true one, and nothing is off by more than a unit."""
    stats = rolled(walk(1, step)[np.newaxis])
    found = kept(stats)
    mean = stats.total / stats.count
    unit = np.subtract(*np.percentile(mean, (90, 10))) / GAUGE_STEPS
    assert (found.minimum <= stats.minimum).all()
    assert (found.maximum >= stats.maximum).all()
    for name in ("minimum", "maximum", "last"):
        assert np.abs(getattr(found, name) - getattr(stats, name)).max() <= unit * (1 + 1e-9)
    assert np.abs(found.total / found.count - mean).max() <= unit / 2 * (1 + 1e-9)


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
    assert np.array_equal(found.total[1], stats.total[1])


def test_a_reset_of_a_counter_is_seen() -> None:
    """Where a counter falls, its minimum does, too."""
    values = np.concatenate([np.arange(300.0) * 1000, np.arange(300.0) * 1000])
    found = kept(rolled(values[np.newaxis]))
    assert found.minimum[0, 50] <= 10_000
    assert found.last[0, 49] >= 290_000


@given(st.binary(max_size=80))
def test_any_bytes_are_statistics_or_refused(damage: bytes) -> None:
    """Bytes that are no statistics are refused."""
    try:
        found = unpack_rollups([damage], np.array([6, 6]))
    except DamagedColumnError:
        return
    assert found.last.shape == (1, 2)
