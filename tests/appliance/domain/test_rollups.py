import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.rollups import Rolled, merge_rollups, roll_up, roll_up_further
from sysmon_appliance.domain.segments import HOUR_MS, MINUTE_MS
from sysmon_appliance.domain.terms import Floats

VALUES = st.one_of(st.integers(-1000, 1000).map(float), st.just(float("nan")))


@st.composite
def ticks(draw: st.DrawFn, values: st.SearchStrategy[float] = VALUES) -> tuple[Times, Floats]:
    steps = draw(st.lists(st.integers(1, 5_000_000), min_size=1, max_size=30))
    rows = st.lists(values, min_size=len(steps), max_size=len(steps))
    return np.cumsum(np.array(steps, np.int64)), np.array(draw(st.lists(rows, min_size=1, max_size=3)))


def same(one: Rolled, other: Rolled) -> bool:
    arrays = [(one[0], other[0]), (one[1], other[1])]
    arrays += [(getattr(one[2], name), getattr(other[2], name)) for name in one[2].__slots__]
    return all(np.array_equal(mine, theirs, equal_nan=True) for mine, theirs in arrays)


@given(ticks())
def test_statistics_are_those_of_the_bucket(made: tuple[Times, Floats]) -> None:
    """Each bucket says what a loop over its ticks would find, and a missing value counts for nothing."""
    t, values = made
    starts, last_ms, stats = roll_up(t, values, MINUTE_MS)
    assert starts.tolist() == sorted({int(each) // MINUTE_MS * MINUTE_MS for each in t})
    for place, start in enumerate(starts.tolist()):
        inside = (t >= start) & (t < start + MINUTE_MS)
        assert last_ms[place] == t[inside].max()
        for series, row in enumerate(values):
            there = row[inside & ~np.isnan(row)]
            assert stats.count[series, place] == len(there)
            if len(there):
                found = (stats.minimum, stats.maximum, stats.total, stats.last)
                wanted = (there.min(), there.max(), there.sum(), there[-1])
                assert tuple(each[series, place] for each in found) == wanted
            else:
                assert np.isnan(stats.last[series, place])
                assert np.isnan(stats.total[series, place])


@given(ticks())
def test_hours_of_minutes_are_hours_of_ticks(made: tuple[Times, Floats]) -> None:
    """Rolling up in two steps gives what one step gives."""
    assert same(roll_up_further(*roll_up(*made, MINUTE_MS), HOUR_MS), roll_up(*made, HOUR_MS))


@given(ticks(st.integers(-1000, 1000).map(float)), st.data())
def test_parts_merge_to_the_whole(made: tuple[Times, Floats], data: st.DataObject) -> None:
    """What came late is merged as if it had been there from the beginning, whichever way round."""
    t, values = made
    late = np.array(data.draw(st.lists(st.booleans(), min_size=len(t), max_size=len(t))))
    if late.all() or not late.any():
        return
    parts = [roll_up(t[chosen], values[:, chosen], HOUR_MS) for chosen in (late, ~late)]
    whole = roll_up(t, values, HOUR_MS)
    assert same(merge_rollups(*parts), whole)
    assert same(merge_rollups(*reversed(parts)), whole)


def test_infinities_are_kept() -> None:
    """An infinity is the largest value of its bucket, and makes its sum infinite."""
    _, _, stats = roll_up(np.array([1, 2]), np.array([[1.0, np.inf]]), MINUTE_MS)
    assert (stats.maximum[0, 0], stats.minimum[0, 0], stats.total[0, 0]) == (np.inf, 1.0, np.inf)


@given(st.lists(st.integers(1, 8), min_size=1, max_size=12), st.data())
def test_minutes_about_as_full_as_each_other_are_rolled_up_as_any(sizes: list[int], data: st.DataObject) -> None:
    """Whether minutes have the same number of ticks or not, statistics are those of a loop."""
    t = np.concatenate([minute * MINUTE_MS + 1000 * np.arange(size) for minute, size in enumerate(sizes)])
    row = np.array(data.draw(st.lists(VALUES, min_size=len(t), max_size=len(t))))
    _, _, stats = roll_up(t, row[np.newaxis], MINUTE_MS)
    for place, ticks_of_minute in enumerate(np.split(row, np.cumsum(sizes)[:-1])):
        there = ticks_of_minute[~np.isnan(ticks_of_minute)]
        found = [getattr(stats, name)[0, place] for name in ("count", "minimum", "maximum", "total", "last")]
        wanted = [len(there), there.min(), there.max(), there.sum(), there[-1]] if len(there) else [0, *[np.nan] * 4]
        assert np.array_equal(found, wanted, equal_nan=True)
