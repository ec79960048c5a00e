"""Restoring while the lock rests: for some seconds after a leader was lost nobody may take it.

Nothing can be recorded meanwhile, for that takes the lock, so the lineage that is restored is the one that whoever wins
will find. If it is another one after all, what was restored is thrown away.
"""

import asyncio
import logging
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.errors import StorageError
from sysmon_appliance.services.leading import Claim, Leading

_log = logging.getLogger(__name__)


class RestoringAhead:
    """Restores one lineage at a time; belongs to the event loop."""

    def __init__(self, leading: Leading) -> None:
        self._leading = leading
        self._lineage: Lineage | None = None
        self._restoring: asyncio.Task[Path | None] | None = None

    def begin(self, lineage: Lineage) -> None:
        """Begin to restore, unless this lineage is being restored already."""
        if self._lineage == lineage and self._restoring is not None:
            return
        self.drop()
        self._lineage = lineage
        self._restoring = asyncio.create_task(self._restored(lineage))

    async def take(self, claim: Claim) -> Path | None:
        """Return the folder of a claim with all that it names; None where that was not restored."""
        restoring, lineage = self._restoring, self._lineage
        self._restoring = None
        if restoring is None or lineage is None:
            return None
        folder = await restoring
        if folder is None or lineage != claim.lineage:
            await self._discard(folder)
            return None
        try:
            return await asyncio.to_thread(self._leading.begin_with, folder, claim)
        except StorageError as error:
            _log.warning("What was restored ahead cannot be led with.", extra={"detail": error.message})
            return None

    @property
    def has_failed(self) -> bool:
        """Whether what was begun has ended, and nothing was restored."""
        restoring = self._restoring
        return restoring is not None and restoring.done() and restoring.result() is None

    def drop(self) -> None:
        """Give up what was begun; fine where nothing was."""
        restoring, self._restoring = self._restoring, None
        if restoring is not None:
            restoring.add_done_callback(self._throw_away)

    async def _restored(self, lineage: Lineage) -> Path | None:
        try:
            return await asyncio.to_thread(self._leading.fetch, lineage)
        except SysmonError as error:
            _log.info("Nothing was restored ahead.", extra={"code": error.code, "detail": error.message})
            return None

    def _throw_away(self, restoring: asyncio.Task[Path | None]) -> None:
        if not restoring.cancelled() and restoring.exception() is None and restoring.result() is not None:
            asyncio.get_running_loop().create_task(self._discard(restoring.result()))

    async def _discard(self, folder: Path | None) -> None:
        if folder is not None:
            await asyncio.to_thread(self._leading.folders.discard, folder)
