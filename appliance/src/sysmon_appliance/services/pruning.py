"""Deleting the paths of the replica that no restore needs any more.

A path is needed for as long as the moments lie within reach that it is the history of: until it was succeeded, plus the
time that is kept. What counts are the moments at which epochs began, as the book has them, and never a clock that has
just been set. The newest path is never deleted, nor any that nothing has succeeded.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import NoReturn

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.replica import Chapter, LineageBook, ReplicaStore, epoch_of
from sysmon_appliance.services.cautious_clock import CautiousClock

_log = logging.getLogger(__name__)

_HOUR_MS = 3_600_000
_PAUSE_SECONDS = 3600.0


class Pruning:
    """Belongs to the leader: it alone knows that a path is not about to be written.

    Parameters
    ----------
    current
        The path that is being written.
    """

    def __init__(
        self, store: ReplicaStore, book: LineageBook, clock: CautiousClock, *, keep_hours: int, current: str
    ) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._keep_ms = keep_hours * _HOUR_MS
        self._current = current

    async def run(self) -> NoReturn:
        """Look each hour, for the first time in an hour, until cancelled; what fails is logged and tried again."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                await asyncio.to_thread(self.prune)
            except SysmonError as error:
                _log.warning("Old paths of the replica could not be deleted.", extra={"detail": error.message})

    def prune(self) -> Sequence[str]:
        """Delete what is not needed, and return it; blocks.

        Raises
        ------
        ReplicaUnreachableError, StoreUnreachableError
            The store does not answer, or stopped answering.
        """
        chapters = self._book.chapters()
        written = {*self._store.paths(), *(chapter.path for chapter in chapters)}
        spent = [path for path in sorted(written) if self._is_spent(path, chapters)]
        for path in spent:
            self._store.remove(path)
            self._book.forget(path)  # last: what a crash leaves is found again by its chapter
            _log.info("An old path of the replica was deleted.", extra={"path": path})
        return spent

    def _is_spent(self, path: str, chapters: Sequence[Chapter]) -> bool:
        ended_ms = _succeeded_ms(path, chapters)
        before_ms = self._clock.now_ms() - self._keep_ms
        if path == self._current or ended_ms is None or ended_ms >= before_ms:
            return False
        # The successor's clock may have been slow. The store has a clock of its own.
        reach = self._store.reach(path)
        return reach is None or reach.last_ms < before_ms


def _succeeded_ms(path: str, chapters: Sequence[Chapter]) -> int | None:
    """Return when a path ceased to be the newest, or was gone on from for the last time; None where it never did."""
    later = [chapter for chapter in chapters if chapter.epoch > epoch_of(path)]
    if not later:
        return None
    following = min(later, key=lambda chapter: chapter.epoch)
    return max(chapter.began_ms for chapter in later if chapter is following or chapter.parent == path)
