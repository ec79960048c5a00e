"""A single aggregator with a replica.

Its own database is the truth. The replica makes it durable beyond this disk, and can be gone back to.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysmon_agent.errors import SysmonError
from sysmon_appliance.bootstrap.aggregator import Term, join
from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.nodes import own_node
from sysmon_appliance.bootstrap.replicas import Replicas
from sysmon_appliance.bootstrap.replicated import Replicated, pruning_of
from sysmon_appliance.domain.backups import Beginning
from sysmon_appliance.domain.replica import Chapter, LineageBook, Replication, path_of
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.durability import DurableTicks
from sysmon_appliance.services.live_folders import SINGLE_NAME, LiveFolders
from sysmon_appliance.services.single_topology import SingleTopology
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.writer import Writer

_log = logging.getLogger(__name__)


_LOOK_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_LONG_SECONDS = 600.0
"""A Litestream that has run for so long is begun anew at once when it ends; another one after ever longer pauses."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What one term consists of."""

    aggregator: Term
    ticks: DurableTicks
    replication: Replication
    writer: Writer


class Chapters:
    """Writes the chapter of an epoch once its path holds something."""

    def __init__(self, book: LineageBook, chapter: Chapter) -> None:
        self._book = book
        self._chapter: Chapter | None = chapter

    def __call__(self, _txid: int, _mark: int) -> None:
        chapter = self._chapter
        if chapter is not None:
            self._book.add(chapter)
            self._chapter = None


class ReplicatedAggregator:
    """A single aggregator with a replica; each of its terms is an epoch on a path of its own."""

    def __init__(self, base: Base, replicas: Replicas) -> None:
        self.ingest_address = base.ingest_address
        self.console_address = base.console_address
        self._base = base
        self._replicas = replicas
        self._folders = LiveFolders(Path(base.settings.data))
        self._folders.clear_copies()
        self._beginning: Beginning | None = None
        self._origin = ""
        self._parent: tuple[str, int] | None = None
        self._next = asyncio.Event()
        self._path = ""
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; return when all that was accepted is durable, or cannot be made so."""
        keeping = asyncio.ensure_future(self._base.pki.keeper.run())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                await self._term(stopping, ready)
                ready = _nothing
                await self._go_back()
        finally:
            stopping.cancel()
            keeping.cancel()

    def restart_with(self, beginning: Beginning) -> None:
        """See TermControl."""
        if self._beginning is not None:
            raise ConflictError("A restore is under way.", hint="sysmon backup list")
        self._beginning = beginning
        self._next.set()

    async def _term(self, stopping: asyncio.Future[Any], ready: Callable[[], None]) -> None:
        self._next.clear()
        with ExitStack() as closing:
            opened = self._opened(closing)
            end = asyncio.Event()
            serving = asyncio.ensure_future(opened.aggregator.serve(end, ready))
            reasons = [asyncio.ensure_future(reason) for reason in (self._next.wait(), self._outlived(opened))]
            await asyncio.wait((stopping, serving, *reasons), return_when=asyncio.FIRST_COMPLETED)
            for reason in reasons:
                reason.cancel()
            end.set()
            await serving
            await opened.ticks.tick()
            opened.ticks.end()

    async def _outlived(self, opened: _Opened) -> None:
        """Return a while after Litestream has ended: another one needs a path, and so an epoch, of its own."""
        clock = self._base.clock
        began = clock.monotonic()
        while opened.replication.alive:  # noqa: ASYNC110 - another process ends without telling
            await asyncio.sleep(_LOOK_SECONDS)
        opened.writer.own_wal()
        if clock.monotonic() - began > _LONG_SECONDS:
            self._pause_seconds = _FIRST_PAUSE_SECONDS
        _log.error("Litestream has ended; it is begun anew on another path.", extra={"in_s": self._pause_seconds})
        await asyncio.sleep(self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _opened(self, closing: ExitStack) -> _Opened:
        base, settings, clock = self._base, self._base.settings, self._base.clock
        _forget_replication(self._folders.folder)
        database = closing.enter_context(LiveDatabase.open(self._folders.folder, clock, replicated=True))
        state = database.state
        path = path_of(state.epoch)
        replication = self._replicas.store.replicate(database.path, path)
        closing.callback(replication.kill)
        storing = GroupCommit(database.writer, clock, gather_milliseconds=settings.ingest.commit_milliseconds)
        node = own_node(base)
        parent, parent_txid = self._parent or ("", 0)
        chapter = Chapter(
            state.cluster_id, state.epoch, path, node.name, clock.wall_ms(), parent, parent_txid, self._origin
        )
        ticks = DurableTicks(
            storing,
            replication,
            clock,
            tick_seconds=settings.replica.tick_milliseconds / 1000,
            mark=state.mark,
            record=Chapters(self._replicas.book, chapter),
        )
        self._path = path
        topology = SingleTopology(
            node,
            region=settings.region,
            cluster_id=state.cluster_id,
            epoch=lambda: state.epoch,
            durable=lambda: ticks.state,
        )
        aggregator = join(
            Ground(
                base,
                base.listeners.again(),
                database,
                storing,
                ticks,
                topology,
                ticks,
                terms=self,
                replicated=Replicated(self._replicas.store, self._replicas.book, path, self._folders),
                also=(ticks.run, pruning_of(base, self._replicas.store, self._replicas.book, path).run),
            )
        )
        return _Opened(aggregator, ticks, replication, database.writer)

    async def _go_back(self) -> None:
        """Put a restored database in the place of the one that was used so far; that one stays, set aside."""
        beginning, self._beginning = self._beginning, None
        self._origin, self._parent = "", None
        if beginning is None:
            return
        try:
            await asyncio.to_thread(beginning.finish, self._folders.folder / SINGLE_NAME)
            await asyncio.to_thread(self._folders.exchange, beginning.folder, self._path)
        except SysmonError as error:
            _log.error("The restore was given up.", extra={"detail": error.message, "hint": error.hint})
            await asyncio.to_thread(self._folders.discard, beginning.folder)
            return
        self._origin, self._parent = beginning.origin, (beginning.parent, beginning.parent_txid)


def _forget_replication(folder: Path) -> None:
    """Delete what Litestream keeps beside a database: it is of another path."""
    for left in folder.glob(f".{SINGLE_NAME}-litestream"):
        shutil.rmtree(left, ignore_errors=True)


def _nothing() -> None:
    """Whoever waits for the first term was told."""
