"""What a person may decide where nothing is led with: to take this disk's database, or a path of the replica."""

import asyncio
from dataclasses import replace

from sysmon_appliance.domain.election import Found, Step
from sysmon_appliance.domain.leadership import Lineage, Standing
from sysmon_appliance.domain.replica import Chapter
from sysmon_appliance.errors import ConflictError, NotFoundError, NotLeaderError, StorageError
from sysmon_appliance.services.candidacy import Candidacy, Won
from sysmon_appliance.services.leading import Leading
from sysmon_appliance.services.live_folders import SINGLE_NAME
from sysmon_appliance.services.standing_watch import StandingWatch

_STATUS = "sysmon ha status"


class Rescuing:
    """The Rescue of a node that waits; what it has won is taken by whoever runs the node."""

    def __init__(self, leading: Leading, candidacy: Candidacy, watch: StandingWatch) -> None:
        self._leading = leading
        self._candidacy = candidacy
        self._watch = watch
        self._one_at_a_time = asyncio.Lock()
        self._won: Won | None = None

    def take(self) -> Won | None:
        """Return what was won by an order, once."""
        won, self._won = self._won, None
        return won

    async def adopt(self) -> None:
        async with self._one_at_a_time:
            standing, _ = await self._judged("database_found")
            folders = self._leading.folders
            found = folders.adoptable
            if found is None:
                raise ConflictError(f"There is no {SINGLE_NAME} in {folders.folder}.", hint=f"ls {folders.folder}")
            claim = await self._candidacy.reclaim(standing, origin="adopted")
            if claim is None:
                raise NotLeaderError("Another node was faster, or Consul does not answer.", hint=_STATUS)
            try:
                folder = await asyncio.to_thread(folders.move, found, claim.path)
            except OSError as error:
                await self._candidacy.give_back()
                raise StorageError(f"{found} cannot be moved: {error.strerror or error}.", hint=_STATUS) from error
            self._won = Won(replace(claim, cluster_id=""), folder)

    async def recover(self, path: str) -> None:
        async with self._one_at_a_time:
            standing, found = await self._judged("lineage_lost")
            chapter = _chosen(found, path)
            lineage = await asyncio.to_thread(self._lineage_of, chapter)
            claim = await self._candidacy.reclaim(standing, origin="recovered", known=found)
            if claim is None:
                raise NotLeaderError("Another node was faster, or Consul does not answer.", hint=_STATUS)
            won = await self._candidacy.restored(replace(claim, lineage=lineage, cluster_id=chapter.cluster_id))
            if won is None:
                raise ConflictError(f"Path {chapter.path} could not be restored; the log says why.", hint=_STATUS)
            self._won = won

    async def _judged(self, code: str) -> tuple[Standing, Found]:
        """Look again, so that what is decided is decided about what is there now."""
        standing = self._watch.standing
        decision = await self._candidacy.decide()
        if standing is None or decision.step is not Step.WAIT or decision.blocked is None:
            raise ConflictError("Nothing has to be decided here.", hint=_STATUS)
        if decision.blocked.code != code:
            raise ConflictError(decision.blocked.detail, hint=decision.blocked.hint)
        return standing, self._candidacy.found

    def _lineage_of(self, chapter: Chapter) -> Lineage:
        reach = self._leading.store.reach(chapter.path)
        if reach is None:
            raise NotFoundError(f"Path {chapter.path} holds nothing.", hint=_STATUS)
        return Lineage(chapter.cluster_id, chapter.epoch, chapter.path, reach.txid, mark=0)


def _chosen(found: Found, path: str) -> Chapter:
    """Return the chapter that was named, else the newest.

    Raises
    ------
    NotFoundError
        There is no such path.
    """
    fitting = [chapter for chapter in found.chapters if path in {"", chapter.path}]
    if not fitting:
        raise NotFoundError(f"There is no path {path}." if path else "The book names no path.", hint=_STATUS)
    return max(fitting, key=lambda chapter: chapter.epoch)
