"""Keeping the head within its bounds, by age and by size."""

import asyncio
import logging

from sysmon_agent.clock import Clock
from sysmon_appliance.config import HeadSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import DropOldest
from sysmon_appliance.domain.usage import HeadUsage
from sysmon_appliance.errors import RefusedError, StorageError
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_AT_ONCE = 1000
"""Batches removed by one change: few enough that commits of agents do not wait for it."""

_ROUND_SECONDS = 60.0
_PAUSE_SECONDS = 0.5  # after a change, before the next

DOUBT_MS = 86_400_000
"""For so long a clock that was set forward is doubted: time enough to notice a mistake that would cost history."""

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


class Retention:
    """Removes the oldest batches; their ticks stay counted in the ledger."""

    def __init__(self, usage: HeadUsage, barrier: Barrier, clock: Clock, settings: HeadSettings) -> None:
        self._usage = usage
        self._barrier = barrier
        self._clock = CautiousClock(clock)
        self._settings = settings

    async def run(self) -> None:
        """Look every minute, until cancelled. A full disk is no reason to stop: removing is what helps."""
        while True:
            try:
                removed = await self.step()
            except (RefusedError, StorageError):
                _log.warning("Old batches could not be removed.", exc_info=True)
                removed = False
            await asyncio.sleep(_PAUSE_SECONDS if removed else _ROUND_SECONDS)

    async def step(self) -> bool:
        """Remove some batches, if any must go; return whether any were."""
        up_to = await asyncio.to_thread(self._surplus)
        if up_to is None:
            return False
        await commit(self._barrier, (DropOldest(up_to),))
        return True

    def _surplus(self) -> int | None:
        """Row number up to which batches are to go now, or None."""
        now_ms = self._clock.now_ms()
        before_ms = now_ms - 1000 * self._settings.max_age_seconds
        up_to = self._usage.outdated(before_ms=before_ms, now_ms=now_ms, most=_AT_ONCE)
        if up_to is None and self._usage.used_bytes() > self._settings.max_bytes:
            up_to = self._usage.oldest(most=_AT_ONCE)
        return up_to
