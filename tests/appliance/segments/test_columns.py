import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.names import STALE_NAN
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.segments.columns import (
    DamagedColumnError,
    pack_columns,
    pack_whole,
    unpack_column,
    unpack_whole,
)
from tests.support.rows_of_history import any_float, bits


@given(st.lists(any_float, min_size=1, max_size=50))
def test_any_column_comes_back_to_the_bit(values: list[float]) -> None:
    """Whatever a column holds, NaN of any kind included, is read as it was written."""
    column = np.array(values)
    [packed] = pack_columns(column[np.newaxis])
    assert bits(unpack_column(packed, len(column))) == bits(column)


@given(st.lists(st.one_of(st.just(STALE_NAN), st.integers(0, 99).map(float)), min_size=1, max_size=40))
def test_missing_values_come_back_where_they_were(values: list[float]) -> None:
    """A series that comes and goes keeps its stale markers in their places."""
    column = np.array(values)
    [packed] = pack_columns(column[np.newaxis])
    assert bits(unpack_column(packed, len(column))) == bits(column)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=50))
def test_whole_numbers_come_back(values: list[int]) -> None:
    """Every 64-bit integer is kept."""
    assert unpack_whole(pack_whole(np.array(values)), len(values)).tolist() == values


@pytest.mark.parametrize(
    ("column", "at_most"),
    [
        (np.full(8640, 2.5), 9),
        (np.arange(8640) * 3.0, 60),
        (np.arange(8640) * 1234 / 1e6, 60),
        (np.round(np.sin(np.arange(8640) / 500) * 30, 2), 8640),
        (np.where(np.arange(8640) < 8000, STALE_NAN, 7.0), 1200),
    ],
)
def test_what_hosts_measure_takes_few_bytes(column: Floats, at_most: int) -> None:
    """A constant, a steady counter, a slow decimal and a series that began late are all packed well."""
    assert len(pack_columns(column[np.newaxis])[0]) <= at_most


@given(st.binary(max_size=60), st.integers(1, 20))
def test_any_bytes_are_a_column_or_refused(damage: bytes, count: int) -> None:
    """Bytes that are no column are refused, never read as something of another length."""
    try:
        found = unpack_column(damage, count)
    except DamagedColumnError:
        return
    assert found.shape == (count,)
