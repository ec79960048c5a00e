from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.merging import merge_ticks, unite_gaps
from tests.support.rows_of_history import bits, schema_of, stored


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True).map(sorted), min_size=1, max_size=5))
def test_every_time_is_there_once(pieces: list[list[int]]) -> None:
    """Of several ticks at one time that of the first piece stays, and all are in order."""
    made = [
        stored(np.array([[1000.0 * number + t for t in times]]), np.array(times, np.int64), "a")
        for number, times in enumerate(pieces)
    ]
    merged = merge_ticks(made)
    wanted: dict[int, float] = {}
    for number, times in enumerate(pieces):
        for t in times:
            wanted.setdefault(t, 1000.0 * number + t)
    assert merged.t.tolist() == sorted(wanted)
    assert merged.values[0].tolist() == [wanted[t] for t in sorted(wanted)]


def test_a_series_is_missing_where_a_piece_has_none() -> None:
    """A host whose series changed has all of them, each missing where it was not."""
    first = stored(np.array([[1.0, 2.0], [5.0, 6.0]]), np.array([10, 20]), "a", "b", key=1)
    second = stored(np.array([[7.0], [3.0]]), np.array([30]), "c", "b", key=2)
    merged = merge_ticks([first, second])
    assert merged.schema == schema_of("a", "b", "c")
    wanted = [[1.0, 2.0, STALE_NAN], [5.0, 6.0, 3.0], [STALE_NAN, STALE_NAN, 7.0]]
    assert bits(merged.values) == bits(np.array(wanted))


def test_gaps_of_all_are_kept_once() -> None:
    """Gaps of merged pieces are in order of time, and none is doubled."""
    early, late = (TimeGap(start, start + 5, GapReason.HOST_DOWN) for start in (1, 50))
    first = replace(stored(np.ones((1, 1)), np.array([60]), "a"), gaps=(late, early))
    second = replace(stored(np.ones((1, 1)), np.array([70]), "a"), gaps=(late,))
    pieces = [first, second]
    assert unite_gaps(pieces) == (early, late)
