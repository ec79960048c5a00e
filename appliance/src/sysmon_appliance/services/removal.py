"""Removing from the head what is in segments."""

import asyncio
import logging
from collections import deque
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import DropOldest
from sysmon_appliance.domain.usage import HeadUsage
from sysmon_appliance.errors import RefusedError, StorageError
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_MOST = 1000
_MOST_BYTES = 8 << 20
"""Batches removed by one change, and their bytes: few enough that commits of agents do not wait for it."""

_ROUND_SECONDS = 10.0
_PAUSE_SECONDS = 0.5  # after a change, before the next

READERS_MS = 60_000
"""Who began to read before the seal still finds the rows for so long."""


class Removal:
    """Removes sealed batches little by little; their ticks stay counted in the ledger."""

    def __init__(
        self, usage: HeadUsage, changes: ManifestChanges, barrier: Barrier, clock: Clock, *, room: HeadRoom
    ) -> None:
        self._usage = usage
        self._changes = changes
        self._barrier = barrier
        self._clock = clock
        self._room = room
        self._seen: deque[tuple[int, int]] = deque()  # when, in boot time, which row number was found to be sealed

    async def run(self) -> NoReturn:
        """Remove what may go, and measure what is left, until cancelled."""
        while True:
            try:
                removed = await self.step()
            except (RefusedError, StorageError):
                _log.warning("Sealed batches could not be removed.", exc_info=True)
                removed = False
            await asyncio.sleep(_PAUSE_SECONDS if removed else _ROUND_SECONDS)

    async def step(self) -> bool:
        """Remove some batches, if any may go; return whether any did."""
        self._room.measured(await asyncio.to_thread(self._usage.used_bytes))
        limit = self._removable()
        if not limit:
            return False
        up_to = await asyncio.to_thread(self._usage.sealed_rows, limit, most=_MOST, most_bytes=_MOST_BYTES)
        if up_to is None:
            return False
        await commit(self._barrier, (DropOldest(up_to),))
        return True

    def _removable(self) -> int:
        """Return the row number up to which batches have been sealed for long enough."""
        now_ms, sealed = self._clock.boot_ms(), self._changes.sealed_up_to
        if not self._seen or self._seen[-1][1] < sealed:
            self._seen.append((now_ms, sealed))
        while len(self._seen) > 1 and now_ms - self._seen[1][0] >= READERS_MS:
            self._seen.popleft()
        since_ms, up_to = self._seen[0]
        return up_to if now_ms - since_ms >= READERS_MS else 0
