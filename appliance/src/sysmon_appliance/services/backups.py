"""What can be asked and ordered of backups, on a leader, on a standby, and where there is no replica."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.backups import Backups, Span, Target, spans_of, target_of
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.replica import Chapter, LineageBook, Reach, ReplicaStore
from sysmon_appliance.errors import BadRequestError, ConflictError, NotLeaderError
from sysmon_appliance.services.drilling import Drills
from sysmon_appliance.services.restoring import Restoration

_FRESH_SECONDS = 10.0
"""How old an answer about the path that is written may be; of others, which change by pruning alone:"""

_FRESH_SECONDS_ENDED = 600.0


class Epochs:
    """The chapters of the book and what of each can be restored; belongs to the event loop.

    Parameters
    ----------
    current
        Returns the path that is written now.
    """

    def __init__(self, store: ReplicaStore, book: LineageBook, clock: Clock, *, current: Callable[[], str]) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._current = current
        self._known: dict[str, tuple[float, Reach | None]] = {}  # by path, and when it was asked
        self._asking = asyncio.Lock()

    async def spans(self) -> Sequence[Span]:
        """Say of each epoch what can be restored; what was found lately is told again.

        Raises
        ------
        StoreUnreachableError, ReplicaUnreachableError
            The store cannot be asked.
        """
        async with self._asking:
            current = self._current()
            return await asyncio.to_thread(self._spans, current)

    async def target(self, at_ms: int, path: str = "") -> Target:
        """Find a moment.

        Raises
        ------
        NotFoundError, BadRequestError, StoreUnreachableError
            There is nothing of it; it is still to come; the store cannot be asked.
        """
        if at_ms > self._clock.wall_ms():
            raise BadRequestError("That moment is still to come.", hint="sysmon backup list")
        chapters = await asyncio.to_thread(self._book.chapters)
        return target_of(chapters, self._current(), at_ms, path)

    def _spans(self, current: str) -> Sequence[Span]:
        chapters = self._book.chapters()
        reaches = {chapter.path: self._reach(chapter, current) for chapter in chapters}
        self._known = {path: known for path, known in self._known.items() if path in reaches}
        return spans_of(chapters, current, reaches)

    def _reach(self, chapter: Chapter, current: str) -> Reach | None:
        fresh_seconds = _FRESH_SECONDS if chapter.path == current else _FRESH_SECONDS_ENDED
        asked, reach = self._known.get(chapter.path, (None, None))
        if asked is None or self._clock.monotonic() - asked >= fresh_seconds:
            reach = self._store.reach(chapter.path)
            self._known[chapter.path] = (self._clock.monotonic(), reach)
        return reach


@dataclass(frozen=True, slots=True)
class LeaderBackups:
    """The BackupService of whoever leads, alone or not; `drills.run` lasts."""

    epochs: Epochs
    drills: Drills
    restoration: Restoration

    @property
    def newest_drill(self) -> Drill | None:
        return self.drills.newest

    async def backups(self) -> Backups:
        return Backups(await self.epochs.spans(), self.newest_drill)

    async def order_drill(self, principal: Principal) -> None:
        await self.drills.ask(principal)

    async def restore(self, principal: Principal, at_ms: int, path: str = "") -> Target:
        target = await self.epochs.target(at_ms, path)
        await self.restoration.restore(principal, target)
        return target


@dataclass(frozen=True, slots=True)
class StandbyBackups:
    """The BackupService of a standby, which shows what there is and refuses orders."""

    epochs: Epochs
    drill: Callable[[], Drill | None]  # the newest, as its copy has it
    refuse: Callable[[], NotLeaderError]

    @property
    def newest_drill(self) -> Drill | None:
        return self.drill()

    async def backups(self) -> Backups:
        return Backups(await self.epochs.spans(), self.newest_drill)

    async def order_drill(self, principal: Principal) -> None:  # noqa: ARG002 - nobody may here
        raise self.refuse()

    async def restore(self, principal: Principal, at_ms: int, path: str = "") -> Target:  # noqa: ARG002 - likewise
        raise self.refuse()


class NoBackups:
    """The BackupService of an aggregator without a replica."""

    newest_drill: Drill | None = None

    async def backups(self) -> Backups:
        return Backups()

    async def order_drill(self, principal: Principal) -> None:  # noqa: ARG002 - there is nothing to drill
        raise _no_replica()

    async def restore(self, principal: Principal, at_ms: int, path: str = "") -> Target:  # noqa: ARG002 - likewise
        raise _no_replica()


def _no_replica() -> ConflictError:
    return ConflictError(
        "There is no replica of the live database: replica.url is empty.",
        hint="sysmon-aggregator config show --effective",
    )
