"""When ticks are due, and how many there should have been while nobody took them.

All of it is arithmetic on the boot clock, which counts sleep and never steps; setting the time moves no tick.
"""

from collections.abc import Iterator

from sysmon_agent.spool import TickTime
from sysmon_agent.wire.messages import ClockPair, GapReason

MAX_ABSENCE_MS = 366 * 86_400_000
"""More is a wall clock that was wrong, not an absence."""


class Schedule:
    """Slots at start, start + interval, start + 2 intervals …; one tick each."""

    def __init__(self, start_ms: int, interval_ms: int) -> None:
        self._start_ms = start_ms
        self._interval_ms = interval_ms
        self._next = 0

    @property
    def due_ms(self) -> int:
        """When the next tick is due, in boot time."""
        return self._start_ms + self._next * self._interval_ms

    def take(self, now_ms: int) -> int:
        """Take the slot that `now` lies in; return how many before it have passed without a tick."""
        slot = max(self._next, (now_ms - self._start_ms) // self._interval_ms)
        missed = slot - self._next
        self._next = slot + 1
        return missed


def absence(
    newest: TickTime, now: ClockPair, *, boot_id: bytes, interval_ms: int, declared: int
) -> Iterator[tuple[int, GapReason]]:
    """Yield how many ticks were missed since the newest one, by reason, apart from `declared` ones.

    Within one boot the boot clock tells; across boots only the wall clock can, and what the boot clock shows then is
    how much of it the host was up.
    """
    same_boot = newest.boot_id == boot_id and now.boot_ms >= newest.boot_ms
    elapsed_ms = now.boot_ms - newest.boot_ms if same_boot else now.wall_ms - newest.wall_ms
    missed = max(round(min(elapsed_ms, MAX_ABSENCE_MS) / interval_ms) - 1 - declared, 0)
    up = missed if same_boot else min(missed, now.boot_ms // interval_ms)
    if missed > up:
        yield missed - up, GapReason.HOST_DOWN
    if up:
        yield up, GapReason.AGENT_DOWN
