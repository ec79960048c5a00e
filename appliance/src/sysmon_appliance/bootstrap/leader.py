"""One term of a leader: a live database of its own epoch, its replication, and the services over both."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from sysmon_appliance.bootstrap.aggregator import Term, join
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.region import Region
from sysmon_appliance.bootstrap.replicated import Replicated, pruning_of
from sysmon_appliance.domain.backups import Beginning
from sysmon_appliance.domain.barrier import GroupResult
from sysmon_appliance.domain.replica import Replication
from sysmon_appliance.errors import ConflictError, FencedError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.durability import DurableTicks
from sysmon_appliance.services.leader_watch import Ending, Sight, judge
from sysmon_appliance.services.leading import Claim
from sysmon_appliance.services.region_topology import LeaderSide
from sysmon_appliance.services.standbys import Standbys
from sysmon_appliance.sqlite import LiveDatabase

_log = logging.getLogger(__name__)

_MOST_ADDRESSES = 500
"""Told to a standby in one answer; after a takeover agents from known addresses need not wait with strangers."""

_LOOK_SECONDS = 0.25
"""How often a leader asks itself whether it still should lead, besides whenever the coordinator has news."""


class LeaderTerm:
    """Leads from one claim to its end, and is the TermControl meanwhile; belongs to the event loop."""

    def __init__(self, region: Region, claim: Claim, database: LiveDatabase, replication: Replication) -> None:
        base = region.base
        settings, clock = base.settings, base.clock
        self.claim = claim
        self._region = region
        self._replication = replication
        self._writer = database.writer
        self.beginning: Beginning | None = None  # what to go on with, once that was ordered
        self._failing_since: float | None = None
        self._storing = GroupCommit(database.writer, clock, gather_milliseconds=settings.ingest.commit_milliseconds)
        self._storing.listen(self._note_group)
        self._standbys = Standbys(
            clock,
            epoch=claim.epoch,
            path=claim.path,
            mark=lambda: self.ticks.committed_mark,
            handoff_to=lambda: region.topology.handoff_to,
            known=region.topology.known,
            views=region.topology.views,
            arrived=lambda after: base.gates.ingest.news(after, _MOST_ADDRESSES),
        )
        self.ticks = DurableTicks(
            self._storing,
            replication,
            clock,
            tick_seconds=settings.replica.tick_milliseconds / 1000,
            mark=database.state.mark,
            record=region.leading.recorder(claim, database.state.cluster_id),
            readers=self._standbys,
        )
        self._standbys.listen(self.ticks.advance)
        self.side = LeaderSide(claim.epoch, claim.path, self.ticks, self._standbys)
        self.aggregator: Term = join(
            Ground(
                base,
                base.listeners.again(),
                database,
                self._storing,
                self.ticks,
                region.topology,
                self.ticks,
                on_higher_epoch=self._note_higher,
                reports=self._standbys,
                registry=region.registry,
                mark=lambda: self.ticks.committed_mark,
                terms=self,
                replicated=Replicated(region.store, region.book, claim.path, region.folders),
                also=(pruning_of(base, region.store, region.book, claim.path).run,),
            )
        )

    async def lead(self, stop: asyncio.Event) -> Ending:
        """Make durable, and watch, until the term has to end; return why."""
        ticking = asyncio.ensure_future(self.ticks.run())
        try:
            while not ticking.done():
                ending = Ending.STOP if stop.is_set() else self._judge()
                if ending is not None:
                    return ending
                await self._region.watch.change(_LOOK_SECONDS)
            await ticking
        except FencedError:
            return Ending.FENCED
        finally:
            ticking.cancel()

    def _judge(self) -> Ending | None:
        region, now = self._region, self._region.base.clock.monotonic()
        if now > region.session.lease_until and self._replication.alive:
            # Another node may lead by now: the path that it will not read must not be written either.
            _log.warning("The session cannot be proved; replication is stopped.", extra={"epoch": self.claim.epoch})
            self._replication.kill()
        if not self._replication.alive:
            self._writer.own_wal()  # it may take hours until there is another epoch
        if self.beginning is not None:
            return Ending.RESTORE
        if self._is_handed_over():
            return Ending.HANDOFF
        ending = judge(
            Sight(
                now=now,
                lease_until=region.session.lease_until,
                standing=region.watch.standing,
                epoch=self.claim.epoch,
                node=region.node.name,
                replicating=self._replication.alive,
                stuck_seconds=self.ticks.trouble_seconds,
                failing_seconds=0.0 if self._failing_since is None else now - self._failing_since,
                standby_ready=bool(self._standbys.ready),
                replica_fault=self._standbys.fault is not None,
                heard=region.heard.believed(now),
            )
        )
        if ending is Ending.REBASE and self._region.heard.epoch > self.claim.epoch:
            self._region.heard.acted(now)
        return ending

    def restart_with(self, beginning: Beginning) -> None:
        if self.beginning is not None or self._region.topology.handoff is not None:
            raise ConflictError("A handoff or a restore is under way.", hint="sysmon ha status")
        self.beginning = beginning

    def _is_handed_over(self) -> bool:
        self._region.topology.give_up_old_handoff()
        to = self._region.topology.handoff_to
        return any(read_back.node == to and read_back.prepared for read_back in self._standbys.ready)

    def _note_higher(self, epoch: int) -> None:
        self._region.heard.epoch = max(self._region.heard.epoch, epoch)

    def _note_group(self, group: GroupResult) -> None:
        if group.error is None:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = self._region.base.clock.monotonic()

    def give_up(self) -> None:
        """Make nothing durable any more, and upload nothing."""
        self.ticks.end()
        self._replication.kill()

    async def finish(self) -> None:
        """After the listeners have ended: make the last of it durable, so that whoever is next begins with all."""
        await self.ticks.tick()


@asynccontextmanager
async def leader_term(region: Region, claim: Claim, folder: Path) -> AsyncIterator[LeaderTerm]:
    """Open a term over the database in a folder, or over a new one; at the end nothing of it runs any more.

    Call it in the main thread.

    Raises
    ------
    StorageError
        The database cannot be used.
    ReplicaUnreachableError
        Litestream cannot be started.
    """
    # In a thread, for a large database takes seconds, and the session ends when the event loop stands still so long.
    opening = partial(
        LiveDatabase.open,
        folder,
        region.base.clock,
        epoch=claim.epoch,
        replicated=True,
        cluster_id=claim.cluster_id,
    )
    database = await asyncio.to_thread(opening)
    try:
        replication = region.store.replicate(database.path, claim.path)
        try:
            yield LeaderTerm(region, claim, database, replication)
        finally:
            replication.kill()
    finally:
        await asyncio.to_thread(database.close)  # which moves what the WAL holds
