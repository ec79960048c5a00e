"""The one thread that writes.

It owns the write connection from the moment it starts; everything else reads. It takes a group of changes at a time,
commits it in one transaction with one fsync, and checkpoints the WAL between groups: nobody else does. Of a replicated
database only Litestream moves the WAL, for it must have seen every page of it.
"""

import logging
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue

import apsw

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.changes import AppendBatch, Change, DropOldest, SaveSchema, Settle
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import ForgetSegments, SetAside, SwapSegments
from sysmon_appliance.sqlite.changes import apply
from sysmon_appliance.sqlite.connection import refusal
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.manifest import Manifest

_log = logging.getLogger(__name__)

_CHECKPOINT_PAGES = 4000
"""The WAL is checkpointed when it has grown by this: rarely, as a page that many commits touch is then written once."""

_IDLE_SECONDS = 10.0
"""It is also checkpointed when nothing was written for this long."""

_SPARE_SHARE = 8
_SPARE_PAGES = 16_384
"""Free pages are given back to the filesystem when they are more than one in so many and more than 64 MB: what a seal
frees, the head soon needs again, and giving back costs as much as writing."""

_GIVE_BACK_PAGES = 500
_BREATH_SECONDS = 0.1
"""So many pages are given back between groups, or in so long while nothing is written."""

_FREE_PAGES = "PRAGMA freelist_count"
_ALL_PAGES = "PRAGMA page_count"

_NEXT_VERSION = "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'version'"

_Work = tuple[Sequence[Change], Settle]


class Writer:
    """The ChangeStore over the live database."""

    def __init__(
        self,
        connection: apsw.Connection,
        index: HeadIndex,
        schemas: dict[int, KnownSchema],
        manifest: Manifest,
        *,
        replicated: bool = False,
    ) -> None:
        self._connection = connection
        self._index = index
        self._schemas = schemas
        self._manifest = manifest
        self._replicated = replicated
        self._wal_pages = 0
        self._checkpointed_pages = 0
        self._failing = False
        self._giving_back = False
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        connection.set_wal_hook(self._note_wal)

    def start(self) -> None:
        self._thread.start()

    def commit(self, changes: Sequence[Change], settle: Settle) -> None:
        self._queue.put((changes, settle))

    def own_wal(self) -> None:
        """Move the WAL from now on, whichever thread says so: the Litestream that did has ended."""
        self._replicated = False

    def close(self) -> None:
        """Finish the groups that were begun, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            changes, settle = work
            settle(self._commit(changes))
            self._give_back()
            if self._wal_pages - self._checkpointed_pages >= _CHECKPOINT_PAGES:
                self._checkpoint()

    def _next(self) -> _Work | None:
        while self._giving_back or self._wal_pages > self._checkpointed_pages:
            try:
                return self._queue.get(timeout=_BREATH_SECONDS if self._giving_back else _IDLE_SECONDS)
            except Empty:
                self._use_the_pause()
        return self._queue.get()

    def _use_the_pause(self) -> None:
        if self._giving_back and self._wal_pages - self._checkpointed_pages < _CHECKPOINT_PAGES:
            self._give_back()
        else:
            self._checkpoint()

    def _commit(self, changes: Sequence[Change]) -> SysmonError | None:
        if not changes:
            return None
        try:
            self._write(changes)
        except Exception as error:  # noqa: BLE001 - whatever it is, agents must hear that nothing was stored
            self._roll_back()
            if not self._failing:  # a full disk would fill the log, too
                _log.exception("Changes cannot be committed; agents keep what they sent.")
            self._failing = True
            return refusal(error)
        if self._failing:
            _log.warning("Changes can be committed again.")
        self._failing = False
        for change in changes:
            self._note(change)
        return None

    def _write(self, changes: Sequence[Change]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        apply(self._connection, changes)
        if any(_tells(change) for change in changes):
            self._connection.execute(_NEXT_VERSION)
        self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        try:  # SQLite may have rolled back by itself
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            _log.exception("A failed group of changes could not be rolled back.")

    def _note(self, change: Change) -> None:
        """Let readers find what a committed change has brought or taken."""
        match change:
            case AppendBatch() if change.batch.count:
                self._index.add(change.host, change.id, change.start_ms, change.end_ms)
            case SaveSchema():
                self._schemas[change.schema.key] = change.schema
            case SwapSegments() | ForgetSegments() | SetAside():
                # In this order: readers ask the head first, then the manifest, and miss nothing in between.
                self._manifest.note(change)
                if isinstance(change, SwapSegments) and change.sealed_up_to:
                    self._index.drop(change.sealed_up_to)
            case DropOldest():
                self._index.drop(change.up_to)
                self._giving_back = True

    def _give_back(self) -> None:
        """Give some free pages back, if there are many; a failure only postpones it."""
        if not self._giving_back:
            return
        try:
            free, pages = self._connection.execute(_FREE_PAGES).get, self._connection.execute(_ALL_PAGES).get
            self._giving_back = free > max(_SPARE_PAGES, pages // _SPARE_SHARE)
            if self._giving_back:
                self._connection.execute(f"PRAGMA incremental_vacuum({_GIVE_BACK_PAGES})").fetchall()
        except apsw.Error:
            self._giving_back = False  # until the next batches go
            _log.exception("Free pages could not be given back.")

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        if self._replicated:
            return apsw.SQLITE_OK
        # The count begins anew when the WAL does, which is after it was checkpointed in full.
        self._checkpointed_pages = min(self._checkpointed_pages, pages)
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Move what the WAL holds into the database, as far as readers allow; a failure only postpones it."""
        self._checkpointed_pages = self._wal_pages
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            _log.exception("The WAL could not be checkpointed.")


def _tells(change: Change) -> bool:
    """Whether whoever follows the database must read more anew than the rows that the head has gained."""
    match change:
        case AppendBatch():
            return bool(change.batch.skipped)
        case DropOldest() | Mark():
            return False
    return True
