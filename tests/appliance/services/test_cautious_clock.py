"""A wall clock for whoever deletes."""

import pytest

from sysmon_appliance.services.cautious_clock import DOUBT_MS, CautiousClock
from tests.support.clock import ManualClock

YEARS_MS = 3650 * 86_400_000


def test_time_passes() -> None:
    """While nobody sets the clock it is the clock."""
    clock = ManualClock()
    cautious = CautiousClock(clock)
    clock.advance(1000)
    assert cautious.now_ms() == clock.wall_ms()


def test_a_step_ahead_is_doubted_for_a_day() -> None:
    """A date that is set years ahead by mistake costs nothing when it is put right within a day."""
    clock = ManualClock()
    cautious = CautiousClock(clock)
    right = clock.wall_ms()
    clock.wall += YEARS_MS
    assert cautious.now_ms() == right
    clock.advance(80_000)
    assert cautious.now_ms() == right + 80_000_000
    clock.wall -= YEARS_MS
    assert cautious.now_ms() == clock.wall_ms()


def test_a_step_that_lasts_is_believed() -> None:
    """A host that began in the wrong year is in the right one a day after its clock was put right."""
    clock = ManualClock()
    cautious = CautiousClock(clock)
    clock.wall += YEARS_MS
    cautious.now_ms()
    clock.advance(DOUBT_MS // 1000)
    assert cautious.now_ms() == clock.wall_ms()


@pytest.mark.parametrize("step_ms", [-YEARS_MS, -1000, 1000, 599_000])
def test_steps_back_and_small_ones_are_followed(step_ms: int) -> None:
    """What cannot make anything old by mistake is taken as it is."""
    clock = ManualClock()
    cautious = CautiousClock(clock)
    clock.wall += step_ms
    assert cautious.now_ms() == clock.wall_ms()
