"""Deleting files of segments that count no more."""

import asyncio
from collections.abc import Sequence
from itertools import islice

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.segment_names import made_ms
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, ManifestReader, SegmentShelf
from sysmon_appliance.services.cautious_clock import CautiousClock
from sysmon_appliance.services.manifest import ManifestChanges

_AT_ONCE = 100


class Sweeper:
    """Deletes what was dropped some time ago, and what jobs that failed have left over.

    Only this cluster's names are ever left over: a folder or bucket may be shared, or may outlive a live database.
    Files cannot be fenced, so what is to be deleted is chosen first and deleted once the manifest behind it is durable.
    """

    def __init__(
        self,
        shelf: SegmentShelf,
        manifest: ManifestReader,
        changes: ManifestChanges,
        clock: Clock,
        *,
        cluster_id: str,
        keep_dropped_ms: int,
    ) -> None:
        self._shelf = shelf
        self._manifest = manifest
        self._changes = changes
        self._clock = clock
        self._cautious = CautiousClock(clock)
        self._cluster_id = cluster_id
        self._keep_dropped_ms = keep_dropped_ms
        self._looked_ms = clock.boot_ms() - DAY_MS + HOUR_MS

    async def step(self) -> None:
        """Delete what is due; nothing that is about to be committed may lie on the shelf meanwhile.

        Raises
        ------
        StoreUnreachableError, StorageError
            It could not be deleted, and is tried again.
        RefusedError
            The manifest is not durable, or it could not be committed that something is gone.
        """
        await self._remove_dropped()
        if self._clock.boot_ms() - self._looked_ms >= DAY_MS:
            await self._remove_left_over()
            self._looked_ms = self._clock.boot_ms()

    async def _remove_dropped(self) -> None:
        before_ms = self._cautious.now_ms() - self._keep_dropped_ms
        due = [segment.name for segment in self._manifest.dropped() if segment.dropped_ms <= before_ms][:_AT_ONCE]
        if due:
            await self._remove(due)
            await self._changes.forget(due)

    async def _remove_left_over(self) -> None:
        left_over = await asyncio.to_thread(self._left_over)
        if left_over:
            await self._remove(left_over)

    def _left_over(self) -> Sequence[str]:
        known = {segment.name for segment in (*self._manifest.all(), *self._manifest.dropped())}
        strange = (name for name in self._shelf.names() if name not in known)
        return list(islice((name for name in strange if self._is_left_over(name)), _AT_ONCE))

    def _is_left_over(self, name: str) -> bool:
        made = made_ms(name, cluster_id=self._cluster_id)
        return made is not None and made <= self._cautious.now_ms() - DAY_MS

    async def _remove(self, names: Sequence[str]) -> None:
        await self._changes.confirm()
        await asyncio.to_thread(self._remove_files, names)

    def _remove_files(self, names: Sequence[str]) -> None:
        for name in names:
            self._shelf.remove(name)
