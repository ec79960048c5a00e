"""Keeping the head within its bounds, by age and by size."""

import asyncio
import logging

from sysmon_agent.clock import Clock
from sysmon_appliance.config import HeadSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import DropOldest
from sysmon_appliance.domain.usage import HeadUsage
from sysmon_appliance.errors import RefusedError, StorageError

_log = logging.getLogger(__name__)

_AT_ONCE = 1000
"""Batches removed by one change: few enough that commits of agents do not wait for it."""

_ROUND_SECONDS = 60.0
_PAUSE_SECONDS = 0.5  # after a change, before the next


class Retention:
    """Removes the oldest batches; their ticks stay counted in the ledger."""

    def __init__(self, usage: HeadUsage, barrier: Barrier, clock: Clock, settings: HeadSettings) -> None:
        self._usage = usage
        self._barrier = barrier
        self._clock = clock
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
        await self._barrier.durable(DropOldest(up_to))
        return True

    def _surplus(self) -> int | None:
        """Row number up to which batches are to go now, or None."""
        before_ms = self._clock.wall_ms() - 1000 * self._settings.max_age_seconds
        up_to = self._usage.outdated(before_ms=before_ms, most=_AT_ONCE)
        if up_to is None and self._usage.used_bytes() > self._settings.max_bytes:
            up_to = self._usage.oldest(most=_AT_ONCE)
        return up_to
