"""What can be restored, and to when: the epochs of a region as one history.

Each epoch has a path of its own in the replica, and goes on from another one: its parent, up to a position. So the
paths are a tree. What counts is the line from its root to the path that is written now; beside it lies what was
replicated and never acknowledged, and what a restore gave up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.replica import Chapter, Reach
from sysmon_appliance.errors import NotFoundError

RESTORED = "restored"
"""The origin of a chapter that went back in time."""

_LIST = "sysmon backup list"


@dataclass(frozen=True, slots=True)
class Span:
    """An epoch, and what of it can be restored."""

    chapter: Chapter
    reach: Reach | None  # None where its path holds nothing any more
    on_line: bool  # whether what is led with now has come from it


@dataclass(frozen=True, slots=True)
class Target:
    """Where in the replica a moment is found."""

    path: str
    at_ms: int
    most_txid: int = 0  # the position at which another epoch went on; 0 where none did
    given_up: bool = False  # whether what lies beyond that position was given up by a restore


@dataclass(frozen=True, slots=True)
class Backups:
    """All that can be restored."""

    spans: Sequence[Span] = ()  # by epoch
    drill: Drill | None = None  # the one that runs, or else the newest

    @property
    def from_ms(self) -> int | None:
        """The oldest moment of the line; None where nothing of it is left."""
        return min((reach.first_ms for reach in self._reaches()), default=None)

    @property
    def to_ms(self) -> int | None:
        """The newest moment of the line."""
        return max((reach.last_ms for reach in self._reaches()), default=None)

    def _reaches(self) -> Iterator[Reach]:
        return (span.reach for span in self.spans if span.on_line and span.reach is not None)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A restored database, to begin a term with in place of the one that is led with now."""

    folder: Path  # nothing else is in it, and nothing else uses it
    origin: str  # for the chapter, as are the two that follow
    parent: str
    parent_txid: int
    finish: Callable[[Path], None]
    """Called in a worker thread with the database of the term that has ended, closed and durable: carries over what is
    never undone. It raises a SysmonError where that fails."""


class TermControl(Protocol):
    """Whoever runs the terms of this node; belongs to the event loop."""

    def restart_with(self, beginning: Beginning) -> None:
        """End this term soon, storing nothing more, and begin one with a restored database; returns at once.

        Where `finish` fails, or the lead is lost meanwhile, what was led with before stays what counts.

        Raises
        ------
        NotLeaderError, ConflictError
            This node does not lead; or another restart, or a handoff, is under way.
        """


class RestoredFiles(Protocol):
    """Makes a restored file a database that this release can lead with; calls block."""

    def prepare(self, restored: Path, *, now_ms: int) -> frozenset[str]:
        """Bring a database to this release's schema; return the names of the segments that it has in force.

        Raises
        ------
        StorageError
            It cannot be used, or was written by a later release.
        """

    def carrying_over(self, restored: Path, entry: AppendAudit) -> Callable[[Path], None]:
        """Return what a Beginning calls as `finish`."""


class BackupService(Protocol):
    """What can be asked and ordered of backups; belongs to the event loop."""

    @property
    def newest_drill(self) -> Drill | None:
        """The drill that runs, or else the one that ended last."""

    async def backups(self) -> Backups:
        """Say what can be restored.

        Raises
        ------
        StoreUnreachableError, ReplicaUnreachableError
            The store cannot be asked.
        """

    async def order_drill(self, principal: Principal) -> None:
        """Let a drill begin soon; one that runs already is as good.

        Raises
        ------
        ConflictError, NotLeaderError
            There is no replica; another node leads.
        """

    async def restore(self, principal: Principal, at_ms: int, path: str = "") -> Target:
        """Go back to a moment, of the line or of a path that is named; return when the new epoch is about to begin.

        Raises
        ------
        ConflictError, NotFoundError, NotLeaderError
            It is not possible now; there is nothing of that moment; another node leads.
        ReplicaUnreachableError, ReplicaBrokenError, StorageError
            It could not be restored.
        """


def line_of(chapters: Iterable[Chapter], current: str) -> Sequence[Chapter]:
    """Return the chapters that lead to a path, the oldest first.

    A chapter without a parent did not come from the replica but from the database that was on the disk: the one that
    the epoch before it had written.
    """
    by_epoch = sorted(chapters, key=lambda chapter: chapter.epoch)
    by_path = {chapter.path: chapter for chapter in by_epoch}
    line: list[Chapter] = []
    at = by_path.get(current)
    while at is not None and at not in line:
        line.append(at)
        at = by_path.get(at.parent) if at.parent else _before(by_epoch, at)
    return line[::-1]


def target_of(chapters: Sequence[Chapter], current: str, at_ms: int, path: str = "") -> Target:
    """Find a moment in the line that leads to a path, or in a path that is named.

    Raises
    ------
    NotFoundError
        Nothing had begun by then, or there is no such path.
    """
    if path:
        return _named(chapters, path, at_ms)
    line = line_of(chapters, current)
    begun = [number for number, chapter in enumerate(line) if chapter.began_ms <= at_ms]
    if not begun:
        raise NotFoundError("Nothing of that moment, or before it, can be restored.", hint=_LIST)
    number = begun[-1]
    if number + 1 == len(line):
        return Target(line[number].path, at_ms)
    child = line[number + 1]
    return Target(line[number].path, at_ms, child.parent_txid, given_up=child.origin == RESTORED)


def spans_of(chapters: Sequence[Chapter], current: str, reaches: Mapping[str, Reach | None]) -> Sequence[Span]:
    """Say of each chapter what can be restored of it."""
    line = {chapter.path for chapter in line_of(chapters, current)}
    ordered = sorted(chapters, key=lambda chapter: (chapter.epoch, chapter.began_ms))
    return [Span(chapter, reaches.get(chapter.path), chapter.path in line) for chapter in ordered]


def _named(chapters: Iterable[Chapter], path: str, at_ms: int) -> Target:
    if all(chapter.path != path for chapter in chapters):
        raise NotFoundError(f"There is no path {path}.", hint=_LIST)
    return Target(path, at_ms)


def _before(by_epoch: Sequence[Chapter], chapter: Chapter) -> Chapter | None:
    return next((each for each in reversed(by_epoch) if each.epoch < chapter.epoch), None)
