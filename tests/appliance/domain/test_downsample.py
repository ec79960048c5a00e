import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.downsample import Points, Window, reduce, with_nulls

NAN = float("nan")


def points(values: list[list[float]], t: list[int] | None = None, breaks: list[int] | None = None) -> Points:
    count = len(values[0])
    flags = np.zeros(count, np.bool_)
    flags[breaks or []] = True
    return Points(np.array(t or range(count), np.int64), np.array(values, np.float64), flags)


def test_extremes_stay_in_the_order_of_occurrence() -> None:
    """Of each slice the minimum and the maximum stay, in the order in which they occurred, for each line."""
    found = reduce(points([[1, 5, 0, 2, 7, 3, 4, 6], [8, 1, 1, 1, 0, 0, 0, 9]]), Window(0, 7, 4))
    assert found.values.tolist() == [[5.0, 0.0, 7.0, 3.0], [8.0, 1.0, 0.0, 9.0]]


def test_lines_share_their_times() -> None:
    """Points stand at the first and the last tick of their slice, whatever the line."""
    assert reduce(points([[1, 5, 0, 2, 7, 3, 4, 6]]), Window(0, 7, 4)).t.tolist() == [0, 3, 4, 7]


def test_few_ticks_stay_as_they_are() -> None:
    """Nothing is changed where there are no more ticks than points."""
    few = points([[3, NAN, 1, 2]])
    assert reduce(few, Window(0, 3, 4)) is few


def test_slices_of_one_or_two_ticks_among_fuller_ones() -> None:
    """Slices of one or two ticks keep them, missing values included."""
    few = points([[1, 2, 3, NAN, 9, 5]], t=[0, 1, 2, 10, 11, 25])
    found = reduce(few, Window(0, 29, 6))
    assert found.t.tolist() == [0, 2, 10, 11, 25]
    np.testing.assert_array_equal(found.values[0], [1, 3, NAN, 9, 5])


def test_missing_values_are_no_extremes() -> None:
    """A missing value is neither the least nor the greatest; a slice of nothing else stays empty."""
    found = reduce(points([[NAN, 4, 2, NAN], [NAN] * 4]), Window(0, 3, 2))
    np.testing.assert_array_equal(found.values, [[4, 2], [NAN, NAN]])


def test_nothing_to_reduce() -> None:
    """An answer without ticks stays one."""
    assert len(reduce(points([[]]), Window(0, 10, 4)).t) == 0


def test_a_break_becomes_a_null() -> None:
    """A point without values stands in the middle of each break, so that no line is drawn across it."""
    found = with_nulls(points([[1, 2, 3]], t=[0, 10, 90], breaks=[0, 2]))
    assert found.t.tolist() == [0, 10, 50, 90]
    np.testing.assert_array_equal(found.values[0], [1, 2, NAN, 3])


@given(
    values=st.lists(st.one_of(st.just(NAN), st.integers(-5, 5).map(float)), min_size=1, max_size=200),
    wanted=st.integers(2, 50),
)
def test_the_picture_stays_the_same(values: list[float], wanted: int) -> None:
    """However few points are asked for, the highest and the lowest value stay, and the number is kept to."""
    whole = points([values])
    found = reduce(whole, Window(0, len(values) - 1, wanted))
    assert len(found.t) <= max(2, wanted)
    assert (np.diff(found.t) > 0).all()
    if not np.isnan(values).all():
        assert np.nanmax(found.values) == np.nanmax(values)
        assert np.nanmin(found.values) == np.nanmin(values)


@pytest.mark.parametrize("wanted", [2, 3, 100])
def test_slices_cover_the_window(wanted: int) -> None:
    """Both ends of the window lie within its slices."""
    window = Window(1000, 2000, wanted)
    assert window.slice_of(np.array([1000, 2000])).tolist() == [0, wanted // 2 - 1]
