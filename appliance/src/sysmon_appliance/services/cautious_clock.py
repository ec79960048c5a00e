"""A wall clock for whoever deletes."""

import logging

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.segments import DAY_MS

_log = logging.getLogger(__name__)

DOUBT_MS = DAY_MS
"""For so long a date or a setting is doubted: time enough to notice a mistake that would cost history."""

_TOLERATED_STEP_MS = 600_000


class CautiousClock:
    """The wall clock, but a large step forward counts only when it has lasted for a while.

    Nothing that was removed because of a wrong date would come back when the date is put right.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = clock.wall_ms() - clock.boot_ms()
        self._stepped_ms: int | None = None  # when a step was first seen, in boot time

    def now_ms(self) -> int:
        boot_ms = self._clock.boot_ms()
        offset_ms = self._clock.wall_ms() - boot_ms
        if offset_ms <= self._offset_ms + _TOLERATED_STEP_MS:
            self._offset_ms, self._stepped_ms = offset_ms, None
        elif self._stepped_ms is None:
            self._stepped_ms = boot_ms
            _log.warning(
                "The clock was set forward; for a day nothing is removed because of it.",
                extra={"seconds": (offset_ms - self._offset_ms) // 1000},
            )
        elif boot_ms - self._stepped_ms >= DOUBT_MS:
            self._offset_ms, self._stepped_ms = offset_ms, None
        return boot_ms + self._offset_ms
