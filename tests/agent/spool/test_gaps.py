"""Declared gaps against a plain dictionary of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.spool.gaps import Gaps
from sysmon_agent.wire.messages import Gap, GapReason

REASONS = (GapReason.AGENT_DOWN, GapReason.SPOOL_FULL, GapReason.REJECTED)
GAPS = st.lists(
    st.builds(
        lambda first, extra, reason: Gap(first, first + extra, reason),
        st.integers(1, 60),
        st.integers(0, 20),
        st.sampled_from(REASONS),
    ),
    max_size=15,
)


def declared(gaps: list[Gap]) -> tuple[Gaps, dict[int, GapReason]]:
    kept, expected = Gaps(), dict[int, GapReason]()
    for gap in gaps:
        kept.add(gap)
        for serial in range(gap.first, gap.last + 1):
            expected.setdefault(serial, gap.reason)
    return kept, expected


@given(GAPS)
def test_a_serial_keeps_the_first_reason_that_it_was_given(gaps: list[Gap]) -> None:
    """Gaps that overlap never change what was declared before."""
    kept, expected = declared(gaps)
    found = {serial: gap.reason for serial in range(1, 100) if (gap := kept.at(serial))}
    assert found == expected


@given(GAPS)
def test_gaps_are_merged_where_one_reason_goes_on(gaps: list[Gap]) -> None:
    """There are never two neighbouring gaps of one reason, so their number stays small."""
    kept, _ = declared(gaps)
    ordered = list(kept)
    for before, after in pairwise(ordered):
        assert before.last < after.first
        assert before.last + 1 < after.first or before.reason is not after.reason


@given(GAPS, st.integers(1, 90), st.integers(0, 30))
def test_a_range_shows_what_is_declared_in_it(gaps: list[Gap], first: int, extra: int) -> None:
    """A range of serials can be asked for, cut to its bounds."""
    kept, expected = declared(gaps)
    inside = {
        serial: gap.reason for gap in kept.between(first, first + extra) for serial in range(gap.first, gap.last + 1)
    }
    assert inside == {serial: why for serial, why in expected.items() if first <= serial <= first + extra}


def test_delivered_gaps_are_forgotten() -> None:
    """Gaps below a serial can be dropped without touching later ones."""
    kept, _ = declared([Gap(1, 4, REASONS[0]), Gap(8, 12, REASONS[1])])
    kept.forget(9)
    assert list(kept) == [Gap(8, 12, REASONS[1])]
    assert kept.next_first(4) == 8
    assert kept.next_first(8) is None
