"""The replica of the live database, as Litestream keeps it: a path per epoch, written by that epoch's leader alone."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


def path_of(epoch: int) -> str:
    """Name a path of an epoch; the random part lets no two nodes, and no two attempts, ever share one."""
    return f"epoch-{epoch:08d}-{secrets.token_hex(8)}"


def epoch_of(path: str) -> int:
    """Return the epoch that a path is of."""
    return int(path.split("-")[1])


class Replication(Protocol):
    """Litestream beside the leader's live database. Every call blocks in bounded time; for worker threads.

    Made and started in the main thread, for the kernel ends the child with the thread that made it.
    """

    def sync(self) -> int:
        """Put every transaction that was committed before this call into the replica; return the position there.

        Raises
        ------
        ReplicaUnreachableError
            It did not happen, or not in time; it may be asked again.
        """

    def kill(self) -> None:
        """Stop at once and upload nothing more (SIGKILL, as SIGTERM would upload); fine when it has ended already."""

    @property
    def alive(self) -> bool:
        """Whether the program runs."""


class FollowedCopy(Protocol):
    """A local copy that follows a path, for reading alone; it may be torn or stale and is never promoted by itself."""

    path: Path
    """The database; opened read-only, anew for each reading."""

    @property
    def txid(self) -> int:
        """The position that it has reached; 0 before it can be read."""

    @property
    def alive(self) -> bool:
        """Whether the program that follows runs."""

    def stop(self) -> None:
        """End following, cleanly: the copy is whole and stands at `txid`."""

    def wipe(self) -> None:
        """End following and delete the copy."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be restored of a path."""

    path: str
    first_ms: int  # wall clock of the oldest point
    last_ms: int
    txid: int  # the newest position


class ReplicaStore(Protocol):
    """Where all paths of a region lie. Every call blocks in bounded time; for worker threads."""

    def replicate(self, database: Path, path: str) -> Replication:
        """Begin to replicate a database to a path that holds nothing yet; call it in the main thread.

        Raises
        ------
        ReplicaUnreachableError
            Litestream cannot be started.
        """

    def restore(self, path: str, target: Path, *, txid: int = 0, at_ms: int = 0) -> int:
        """Restore a path into a file that is not there yet, and check it; return the position that it holds.

        Parameters
        ----------
        txid
            The least that it must hold; 0 for the newest that there is.
        at_ms
            The latest moment that it may hold; 0 for the newest. Never together with `txid`.

        Raises
        ------
        ReplicaUnreachableError
            The store cannot be asked.
        ReplicaBrokenError
            The path holds less than that, or what was restored is damaged.
        """

    def follow(self, path: str, folder: Path) -> FollowedCopy:
        """Begin to follow a path in an empty folder; call it in the main thread."""

    def reach(self, path: str) -> Reach | None:
        """Say what can be restored of a path; None where it holds nothing."""

    def paths(self) -> Sequence[str]:
        """List all paths that hold anything, in order of epoch."""

    def remove(self, path: str) -> None:
        """Delete a path and all that is in it."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One epoch in the book beside the paths: written once by its leader after its first sync, never changed."""

    cluster_id: str
    epoch: int
    path: str
    node: str
    began_ms: int  # wall clock
    parent: str = ""  # the path that it went on from; empty where it did not come from the replica
    parent_txid: int = 0  # how far that path counts
    origin: str = ""  # why it began: "", "failover", "handoff", "outage", "adopted", "restored", "recovered"


class LineageBook(Protocol):
    """What the object store knows of epochs, for the day on which the coordinator knows nothing any more.

    Every call blocks in bounded time, and raises a StoreUnreachableError where the store does not answer.
    """

    def chapters(self) -> Sequence[Chapter]:
        """List all chapters by epoch."""

    def add(self, chapter: Chapter) -> None:
        """Write a chapter; the first one also names the cluster.

        Raises
        ------
        ConflictError
            The book is of another cluster.
        """

    def cluster_id(self) -> str:
        """Return whose book it is; empty where nothing was ever written and the store holds nothing of ours."""

    def forget(self, path: str) -> None:
        """Remove the chapter of a path that was deleted."""
