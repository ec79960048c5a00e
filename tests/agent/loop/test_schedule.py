"""When ticks are due, and how an absence is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.loop.schedule import MAX_ABSENCE_MS, Schedule, absence
from sysmon_agent.spool import TickTime
from sysmon_agent.wire.messages import ClockPair, GapReason

BOOT, OTHER_BOOT = b"a" * 16, b"b" * 16
WALL = 1_800_000_000_000
DOWN, OFF = GapReason.AGENT_DOWN, GapReason.HOST_DOWN


def test_ticks_are_due_at_fixed_moments() -> None:
    """A late tick does not push later ones back."""
    schedule = Schedule(1000, 10_000)
    assert schedule.due_ms == 1000
    assert schedule.take(1000) == 0
    assert schedule.take(14_000) == 0
    assert schedule.due_ms == 21_000


def test_slots_that_passed_are_missed() -> None:
    """A tick that comes slots too late takes the slot it falls in; those before it are counted."""
    schedule = Schedule(0, 10_000)
    schedule.take(0)
    assert schedule.take(39_999) == 2
    assert schedule.due_ms == 40_000


@given(st.lists(st.integers(0, 100_000), max_size=30))
def test_slots_are_taken_or_missed_and_nothing_else(delays: list[int]) -> None:
    """Every slot up to the last tick is either a tick or counted as missed."""
    schedule, now, missed = Schedule(500, 10_000), 500, 0
    for taken, delay in enumerate(delays, start=1):
        now = max(schedule.due_ms, now + delay)
        missed += schedule.take(now)
        assert schedule.due_ms == 500 + 10_000 * (taken + missed)
        assert schedule.due_ms > now


def missed(
    seconds: float, *, boot: bytes = BOOT, boot_seconds: float | None = None, declared: int = 0
) -> list[tuple[int, GapReason]]:
    """Count the absence of an agent whose newest tick was taken 100 s after boot."""
    newest = TickTime(50, WALL, 100_000, BOOT)
    up = 100 + seconds if boot_seconds is None else boot_seconds
    now = ClockPair(WALL + round(seconds * 1000), round(up * 1000))
    return list(absence(newest, now, boot_id=boot, interval_ms=10_000, declared=declared))


@pytest.mark.parametrize(("seconds", "ticks"), [(0, 0), (3, 0), (10, 0), (14, 0), (16, 1), (20, 1), (100, 9)])
def test_a_dead_agent_misses_the_ticks_of_its_absence(seconds: float, ticks: int) -> None:
    """Between two ticks so many intervals apart lie that many ticks less one."""
    assert missed(seconds) == ([(ticks, DOWN)] if ticks else [])


def test_the_wall_clock_does_not_matter_within_a_boot() -> None:
    """When someone sets the time while the agent is down, the boot clock still tells the absence."""
    assert missed(100_000, boot_seconds=200) == [(9, DOWN)]


def test_a_reboot_is_told_from_a_dead_agent() -> None:
    """Across boots, the time before this boot is the host's absence, and the time since is the agent's."""
    assert missed(600, boot=OTHER_BOOT, boot_seconds=60) == [(53, OFF), (6, DOWN)]
    assert missed(600, boot=OTHER_BOOT, boot_seconds=5) == [(59, OFF)]


def test_what_was_declared_already_is_not_declared_again() -> None:
    """An agent that dies before its first tick does not count the same absence twice."""
    assert missed(100, declared=4) == [(5, DOWN)]
    assert missed(100, declared=20) == []


def test_a_clock_that_went_back_makes_no_absence() -> None:
    """A negative absence is none."""
    assert missed(-5000, boot=OTHER_BOOT, boot_seconds=50) == []


def test_a_clock_that_was_wrong_by_decades_is_bounded() -> None:
    """A host without a battery wakes up in 1970: the years since are no absence."""
    assert missed(50 * 365 * 86_400, boot=OTHER_BOOT, boot_seconds=0) == [(MAX_ABSENCE_MS // 10_000 - 1, OFF)]
