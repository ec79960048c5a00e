"""The steps by which a node comes to lead, each of which blocks and may be the last one that this node ever takes.

Between any two of them the node may be frozen for as long as you like, and others may lead meanwhile: what keeps that
harmless is that each epoch has a path and a folder of its own, and that nothing counts before it is recorded under the
lock.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.election import Found, next_epoch
from sysmon_appliance.domain.leadership import Coordinator, Lineage, Node, Standing
from sysmon_appliance.domain.replica import Chapter, LineageBook, ReplicaStore, path_of
from sysmon_appliance.errors import ReplicaBrokenError, StorageError
from sysmon_appliance.services.live_folders import SINGLE_NAME, LiveFolders

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """An epoch that this node has begun by taking the lock."""

    epoch: int
    path: str  # where it will write
    lineage: Lineage | None  # what it goes on from, as it stood after the lock was taken; None for a new region
    cluster_id: str = ""  # empty for a new region
    origin: str = "failover"  # as the chapter will have it


class Leading:
    """Takes the steps for one node; safe in any thread.

    Parameters
    ----------
    heard
        Returns the highest epoch that an agent has told of.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        store: ReplicaStore,
        book: LineageBook,
        folders: LiveFolders,
        *,
        node: Node,
        clock: Clock,
        heard: Callable[[], int] = lambda: 0,
    ) -> None:
        self.coordinator = coordinator
        self.store = store
        self.book = book
        self.folders = folders
        self.node = node
        self.clock = clock
        self._heard = heard

    def look(self) -> Found:
        """Look at the disk, the replica and its book.

        Raises
        ------
        StoreUnreachableError, ReplicaUnreachableError
            They cannot be asked.
        """
        return Found(
            cluster_id=self.folders.cluster_id,
            book_cluster_id=self.book.cluster_id(),
            chapters=self.book.chapters(),
            paths=self.store.paths(),
            databases=self.folders.databases(),
        )

    def claim(self, seen: Standing, *, origin: str, known: Found | None = None) -> Claim | None:
        """Take the lock, and with it the next epoch; None when somebody else was faster.

        Raises
        ------
        CoordinatorUnreachableError
            Whether the lock is ours is not known; it ends with the session, if it is.
        """
        epoch = next_epoch(seen, known.chapters if known else (), heard=self._heard())
        if not self.coordinator.lock(self.node, seen, epoch):
            return None
        # Only what is read after the lock was taken is certain to be all that was ever acknowledged.
        standing = self.coordinator.standing()
        cluster_id = standing.cluster_id or self.folders.cluster_id or (known.book_cluster_id if known else "")
        return Claim(epoch, path_of(epoch), standing.lineage, cluster_id, origin)

    def restore(self, claim: Claim) -> Path:
        """Restore what the lineage names into the fresh folder of the new epoch; return the folder.

        Raises
        ------
        ReplicaUnreachableError
            The store cannot be asked.
        ReplicaBrokenError
            It holds less than was acknowledged, or what it holds is damaged; nothing older takes its place.
        StorageError
            There is no room for it, or the disk fails.
        """
        return self.begin_with(self.fetch(claim.lineage), claim)

    def fetch(self, lineage: Lineage | None) -> Path:
        """Restore what a lineage names, or nothing for a new region, into a folder that no epoch has yet.

        Raises
        ------
        ReplicaUnreachableError, ReplicaBrokenError, StorageError
            As `restore` does.
        """
        with self._on_disk():
            folder = self.folders.new_copy()
        try:
            if lineage is not None:
                self._fetch(lineage, folder)
        except BaseException:
            self.folders.discard(folder)
            raise
        return folder

    def begin_with(self, folder: Path, claim: Claim) -> Path:
        """Let a folder that was fetched be the one of a claim's epoch; return that.

        Raises
        ------
        StorageError
            The disk fails.
        """
        try:
            with self._on_disk():
                return self.folders.move(folder, claim.path)
        except BaseException:
            self.folders.discard(folder)
            raise

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"Nothing can be restored in {self.folders.folder}: {error.strerror or error}.",
                hint=f"df -h {self.folders.folder}",
            ) from error

    def _fetch(self, lineage: Lineage, folder: Path) -> None:
        with self._on_disk():
            txid = self.store.restore(lineage.path, folder / SINGLE_NAME, txid=lineage.txid)
        if txid < lineage.txid:
            raise ReplicaBrokenError(
                f"Path {lineage.path} holds position {txid}, and {lineage.txid} was acknowledged.",
                hint="sysmon ha status",
            )
        _log.info("The live database was restored.", extra={"path": lineage.path, "txid": txid})

    def recorder(self, claim: Claim, cluster_id: str) -> "Recorder":
        """Return what records the positions of an epoch."""
        return Recorder(self, replace(claim, cluster_id=cluster_id))


class Recorder:
    """Records how far an epoch is durable: first its chapter in the book, then each position in the lineage."""

    def __init__(self, leading: Leading, claim: Claim) -> None:
        self._leading = leading
        self._claim = claim
        self._is_in_book = False
        self._is_recorded = False

    def __call__(self, txid: int, mark: int) -> None:
        """Record a position of the replica and the mark that it holds.

        Raises
        ------
        FencedError
            The lock is not ours any more.
        CoordinatorUnreachableError, StoreUnreachableError
            It is not recorded, or that is not known; it may be recorded again.
        StorageError
            It cannot be noted on this disk which cluster this node belongs to.
        """
        claim = self._claim
        if not self._is_in_book:
            self._leading.book.add(self._chapter())
            self._is_in_book = True
        self._leading.coordinator.record(Lineage(claim.cluster_id, claim.epoch, claim.path, txid, mark))
        if not self._is_recorded:
            # Not before: a region whose first leader is lost until then begins anew, perhaps as another cluster.
            self._leading.folders.belong_to(claim.cluster_id)
            self._is_recorded = True
            _log.info("The epoch is in the lineage.", extra={"epoch": claim.epoch, "txid": txid})

    def _chapter(self) -> Chapter:
        claim = self._claim
        return Chapter(
            claim.cluster_id,
            claim.epoch,
            claim.path,
            self._leading.node.name,
            self._leading.clock.wall_ms(),
            parent=claim.lineage.path if claim.lineage else "",
            parent_txid=claim.lineage.txid if claim.lineage else 0,
            origin=claim.origin,
        )
