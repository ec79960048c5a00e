"""Ticks out of values that came series by series."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gathering import gathered
from sysmon_appliance.domain.ticks import StoredTicks
from sysmon_appliance.errors import BadRequestError
from tests.support.head import schema

NAMES = ("a", "b", "c")
Cells = dict[tuple[str, int], float]


def piece(t: Sequence[int], **values: Sequence[float]) -> StoredTicks:
    """Make ticks of the named series."""
    block = np.array(list(values.values()), np.float64)
    known = schema(*(Series(name) for name in values))
    return StoredTicks(1, known, np.array(t, np.int64), lambda chosen: block[chosen])


def every(t: Times) -> Times:
    return t


def cells(pieces: Sequence[StoredTicks], *, at_once: int = 1 << 20) -> Cells:
    """Gather pieces, and list the values that are there."""
    return {
        (series.metric, int(at_ms)): float(value)
        for ticks in gathered(pieces, every, at_once=at_once)
        for series, row in zip(ticks.schema.series, ticks.values, strict=True)
        for at_ms, value in zip(ticks.t, row, strict=True)
        if not np.isnan(value)
    }


def test_series_of_one_time_become_one_tick() -> None:
    """What came in pieces by series is a tick with all of them, and what is missing is marked as that."""
    [ticks] = gathered([piece([1, 2], a=[1.0, 2.0]), piece([2, 3], b=[5.0, 6.0])], every, at_once=100)
    assert ticks.t.tolist() == [1, 2, 3]
    assert [one.metric for one in ticks.schema.series] == ["a", "b"]
    assert ticks.values[0, :2].tolist() == [1.0, 2.0]
    assert ticks.values[1, 1:].tolist() == [5.0, 6.0]
    assert ticks.values[0, 2:].tobytes() == np.array([STALE_NAN]).tobytes()


def test_the_first_value_stays() -> None:
    """Of several values of one series and time, the first that is there counts."""
    pieces = [piece([1, 2], a=[np.nan, 2.0]), piece([1, 2], a=[3.0, 4.0])]
    assert cells(pieces) == {("a", 1): 3.0, ("a", 2): 2.0}


def test_ticks_without_values_are_left_out() -> None:
    """A time at which everything is missing is no tick."""
    [ticks] = gathered([piece([1, 2], a=[np.nan, 2.0])], every, at_once=100)
    assert ticks.t.tolist() == [2]
    assert not list(gathered([piece([1], a=[np.nan])], every, at_once=100))


def test_times_are_chosen() -> None:
    """Times that are not chosen are no ticks."""
    [ticks] = gathered([piece([1, 2, 3], a=[1.0, 2.0, 3.0])], lambda t: t[t != 2], at_once=100)
    assert (ticks.t.tolist(), ticks.values.tolist()) == ([1, 3], [[1.0, 3.0]])


def test_series_that_share_no_times_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be nearly nothing but missing values is refused before it is laid out."""
    monkeypatch.setattr("sysmon_appliance.domain.gathering._MOST_PLACES", 8)
    apart = [piece([number], **{f"s{number}": [0.0]}) for number in range(3)]
    with pytest.raises(BadRequestError, match="3 series of a host have 3 different times"):
        list(gathered(apart, every, at_once=100))


@st.composite
def pieces(draw: st.DrawFn) -> StoredTicks:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    t = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
    numbers = st.one_of(st.just(float("nan")), st.integers(0, 9).map(float))
    return piece(t, **{name: draw(st.lists(numbers, min_size=len(t), max_size=len(t))) for name in names})


@given(made=st.lists(pieces(), min_size=1, max_size=5), at_once=st.integers(1, 20))
def test_gathering_is_like_filling_cells_in_order(made: list[StoredTicks], at_once: int) -> None:
    """However much is in memory at once, each cell has the first value that came for it."""
    expected: Cells = {}
    for one in made:
        for series, row in zip(one.schema.schema.series, one.all(), strict=True):
            for at_ms, value in zip(one.t.tolist(), row.tolist(), strict=True):
                if not np.isnan(value):
                    expected.setdefault((series.metric, at_ms), value)
    assert cells(made, at_once=at_once) == expected
