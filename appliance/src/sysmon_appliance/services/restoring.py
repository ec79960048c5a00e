"""Going back to a moment: a database of then, made ready while the present one still serves."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.backups import RESTORED, Beginning, RestoredFiles, Target, TermControl
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.replica import ReplicaStore
from sysmon_appliance.domain.segments import ManifestReader
from sysmon_appliance.errors import ConflictError, ReplicaBrokenError
from sysmon_appliance.services.live_folders import SINGLE_NAME
from sysmon_appliance.services.scratch import check_room

_log = logging.getLogger(__name__)

_EARLIER_MS = tuple(1000 << step for step in range(10))
"""How much earlier a moment is tried, in turn: a second, two, four, up to some minutes."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database of a moment, whole and in this release's schema."""

    database: Path
    txid: int
    segments: frozenset[str]  # names of those that it has in force


@dataclass(frozen=True, slots=True)
class Present:
    """What is led with now."""

    live: Path  # the database
    manifest: ManifestReader
    kept: Callable[[], Iterable[str]]  # names of all segments whose files are there; blocks


class Restoration:
    """Prepares a database of a moment and has the next term begin with it; belongs to the event loop.

    Parameters
    ----------
    new_folder
        Makes a folder that nothing else uses, and that is deleted at the next start if it is still there.
    """

    def __init__(
        self,
        store: ReplicaStore,
        files: RestoredFiles,
        present: Present,
        *,
        terms: TermControl,
        clock: Clock,
        new_folder: Callable[[], Path],
    ) -> None:
        self._store = store
        self._files = files
        self._present = present
        self._terms = terms
        self._clock = clock
        self._new_folder = new_folder
        self._busy = asyncio.Lock()

    async def restore(self, principal: Principal, target: Target) -> None:
        """Let the next term begin with the database of a moment.

        Raises
        ------
        ConflictError
            Another restore is under way, or files that the moment needs are gone.
        NotLeaderError, ReplicaUnreachableError, ReplicaBrokenError, StorageError, StorageFullError
            It is not possible.
        """
        if self._busy.locked():
            raise ConflictError("A restore is under way.", hint="sysmon backup list")
        async with self._busy:
            folder = await asyncio.to_thread(self._new_folder)
            try:
                prepared = await asyncio.to_thread(self.prepare, target, folder)
                self._terms.restart_with(self._beginning(principal, target, prepared))
            except BaseException:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise

    def prepare(self, target: Target, folder: Path) -> Prepared:
        """Restore a moment into an empty folder, and make sure that it could be led with; blocks.

        Raises
        ------
        ConflictError, ReplicaUnreachableError, ReplicaBrokenError, StorageError, StorageFullError
            As `restore` does.
        """
        check_room(self._present.live, folder)
        database = folder / SINGLE_NAME
        txid = self._restored(target, database)
        prepared = Prepared(database, txid, self._files.prepare(database, now_ms=self._clock.wall_ms()))
        self._check_segments(prepared)
        _log.warning("A database of an earlier moment is ready.", extra={"path": target.path, "txid": txid})
        return prepared

    def _restored(self, target: Target, database: Path) -> int:
        """Restore a moment, and never more than what the next epoch went on from.

        What lies beyond that was replicated and never acknowledged. It is of a few seconds, mostly, so a moment that
        is a little earlier does without it.
        """
        for earlier_ms in (0, *_EARLIER_MS):
            txid = self._store.restore(target.path, database, at_ms=target.at_ms - earlier_ms)
            if not target.most_txid or txid <= target.most_txid:
                return txid
            if target.given_up:
                raise _given_up(target)
            database.unlink()
        raise ReplicaBrokenError(
            f"Path {target.path} holds nothing that the next epoch went on from.", hint="sysmon backup list"
        )

    def _check_segments(self, prepared: Prepared) -> None:
        """Refuse a moment of which history is deleted by now; what is lost at present too is no reason."""
        lost_anyway = {segment.name for segment in self._present.manifest.all()}
        missing = prepared.segments - lost_anyway - set(self._present.kept())
        if missing:
            raise ConflictError(
                f"{len(missing)} segments of that moment are deleted, such as {min(missing)}.",
                hint="sysmon-aggregator config show --effective",
            )

    def _beginning(self, principal: Principal, target: Target, prepared: Prepared) -> Beginning:
        entry = audited(
            principal,
            "backup.restore",
            target.path,
            now_ms=self._clock.wall_ms(),
            after={"at": target.at_ms, "path": target.path, "txid": prepared.txid},
        )
        finish = self._files.carrying_over(prepared.database, entry)
        return Beginning(prepared.database.parent, RESTORED, target.path, prepared.txid, finish)


def _given_up(target: Target) -> ConflictError:
    return ConflictError(
        f"What was led with at that moment was given up by a restore; it is in path {target.path} or a later one.",
        hint="sysmon backup list -o wide",
    )
