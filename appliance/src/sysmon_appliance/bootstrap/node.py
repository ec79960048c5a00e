"""One of several aggregators: it follows, leads, and follows again, for as long as its process lives.

A term ends with its servers and its database, whatever role comes next; only sockets, certificates, the session and the
shelf of segments stay. So no connection, and nothing in memory, can mix up two epochs.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_appliance.bootstrap.copies import Copies
from sysmon_appliance.bootstrap.leader import LeaderTerm, leader_term
from sysmon_appliance.bootstrap.region import Region
from sysmon_appliance.bootstrap.standby import Serving, standby_term
from sysmon_appliance.domain.backups import Beginning
from sysmon_appliance.domain.election import Step
from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.errors import CoordinatorUnreachableError, FencedError
from sysmon_appliance.services.candidacy import COOL_DOWN_SECONDS, Candidacy, Won
from sysmon_appliance.services.leader_watch import Ending
from sysmon_appliance.services.leading import Claim
from sysmon_appliance.services.live_folders import SINGLE_NAME
from sysmon_appliance.services.rescuing import Rescuing

_log = logging.getLogger(__name__)

_ORDERLY = frozenset({Ending.STOP, Ending.HANDOFF, Ending.RESTORE})
"""Ends at which all that was accepted is made durable first."""

_STAMP_SECONDS = 0.5
_LOOK_SECONDS = 0.2

_FAILED_SECONDS = 5.0
"""After a term that failed, another node has so long to lead."""

_PAUSE_SECONDS = 1.0
_THREADS = 32
"""Enough that no upload or transaction of the leader ever waits for whoever reads history."""

Ready = Callable[[], None]


class RegionNode:
    """Runs one node; what `Aggregator` is to a single one. Its `region` must not be used by anybody else."""

    def __init__(self, region: Region) -> None:
        self.ingest_address = region.base.ingest_address
        self.console_address = region.base.console_address
        self._region = region
        self._candidacy = Candidacy(
            region.leading, region.session, region.watch, region.base.clock, preparation=region.preparation
        )
        self._rescuing = Rescuing(region.leading, self._candidacy, region.watch)
        self._copies = Copies(region.store, region.folders, region.base.clock)
        self._says_ready: Ready | None = None

    async def serve(self, stop: asyncio.Event, ready: Ready) -> None:
        """Serve until `stop` is set, in whatever role; `ready` is called once when the listeners answer."""
        self._says_ready = ready
        region, loop = self._region, asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, "sysmon"))
        region.folders.clear()
        region.session.start()
        lasting = [self._stamp, region.watch.run, region.base.pki.keeper.run]
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(run()) for run in lasting]
            try:
                await self._terms(stop)
            finally:
                for task in background:
                    task.cancel()
        self._copies.drop()
        await asyncio.to_thread(region.session.close)

    async def _terms(self, stop: asyncio.Event) -> None:
        won: Won | None = None
        while not stop.is_set():
            try:
                won = await (self._stand_by(stop) if won is None else self._lead(won, stop))
            except Exception:  # noqa: BLE001 - whatever it is: what outlives terms is sound, and the next one may be
                _log.exception("A term has failed.")
                await self._let_go(won)
                won = None

    async def _let_go(self, won: Won | None) -> None:
        """Leave nothing of a term that failed in the way of the next one, here or at another node."""
        topology = self._region.topology
        topology.leader = topology.handoff = topology.copy = None
        topology.role = Role.STANDBY
        self._candidacy.rest(_FAILED_SECONDS)
        await self._candidacy.give_back()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._copies.drop)
            if won is not None:
                await asyncio.to_thread(self._put_away, won)
        await asyncio.sleep(_PAUSE_SECONDS)

    # Following

    async def _stand_by(self, stop: asyncio.Event) -> Won | None:
        """Follow until the lock is ours and restored, or there is another path to follow; None for the latter."""
        self._region.topology.role = Role.STANDBY
        self._region.session.announce(Role.STANDBY)
        async with standby_term(self._region, self._copies) as term, self._serving(term.serving) as serving:
            while not (stop.is_set() or serving.done()) and term.goes_on():
                won = await self._attempt()
                if won is not None:
                    return won
                await self._region.watch.change(_LOOK_SECONDS)
        return None

    async def _attempt(self) -> Won | None:
        topology = self._region.topology
        try:
            decision = await self._candidacy.decide()
            topology.store_trouble = self._candidacy.trouble
        except SysmonError as error:
            topology.store_trouble = error.message
            return None
        topology.blocked = decision.blocked
        topology.role = Role.WAITING if decision.step is Step.WAIT else Role.STANDBY
        topology.rescue = self._rescuing if decision.step is Step.WAIT else None
        won = self._rescuing.take() or await self._candidacy.attempt(decision)
        if won is not None:
            topology.role, topology.store_trouble = Role.TAKING_OVER, ""
        return won

    # Leading

    async def _lead(self, won: Won, stop: asyncio.Event) -> Won | None:
        """Lead until the term ends; return what to go on with, or None to follow."""
        topology = self._region.topology
        await asyncio.to_thread(self._copies.drop)
        await asyncio.to_thread(self._region.preparation.drop)
        beginning: Beginning | None = None
        async with AsyncExitStack() as opened:
            try:
                term = await opened.enter_async_context(leader_term(self._region, won.claim, won.folder))
            except (SysmonError, OSError) as error:
                _log.error("The restored database cannot be led with.", extra={"detail": str(error)})
                ending = Ending.STUCK
            else:
                ending = await self._served(term, stop)
                beginning = term.beginning
        topology.leader = topology.handoff = None
        topology.role = Role.STANDBY
        _log.warning("The term has ended.", extra={"epoch": won.claim.epoch, "ending": ending.value})
        return await self._after(ending, won, beginning)

    async def _served(self, term: LeaderTerm, stop: asyncio.Event) -> Ending:
        topology = self._region.topology
        topology.leader, topology.role, topology.rescue, topology.blocked = term.side, Role.LEADER, None, None
        self._region.session.announce(Role.LEADER)
        _log.info("This aggregator leads.", extra={"epoch": term.claim.epoch, "path": term.claim.path})
        ending = Ending.FENCED
        try:
            async with self._serving(term.aggregator) as serving:
                leading = asyncio.ensure_future(term.lead(stop))
                await asyncio.wait((leading, serving), return_when=asyncio.FIRST_COMPLETED)
                if leading.done():
                    ending = leading.result()
                leading.cancel()
                if ending not in _ORDERLY:
                    term.give_up()
                if ending is Ending.STUCK:  # at once: on a disk that hangs, what follows may never end
                    await self._candidacy.give_back()
            if ending in _ORDERLY:
                await term.finish()
        except FencedError:
            ending = Ending.FENCED
        finally:
            term.ticks.end()
        return ending

    async def _after(self, ending: Ending, led: Won, beginning: Beginning | None) -> Won | None:
        """Take the steps that a term's end asks for."""
        if ending is Ending.RESTORE and beginning is not None:
            won = await self._gone_back(beginning, led.folder)
        elif ending is Ending.REBASE:
            won = await self._gone_on(led.folder, origin="outage")
        else:
            won = None
        if won is not None:
            return won
        if ending is Ending.STUCK:
            self._candidacy.rest(COOL_DOWN_SECONDS)
        if ending is not Ending.FENCED:
            await self._candidacy.give_back()
        await asyncio.to_thread(self._put_away, led)
        return None

    def _put_away(self, led: Won) -> None:
        """Set aside what was led with; the beginning of a region of which nothing was ever recorded is deleted.

        Such a beginning holds nothing that anybody was promised, and would keep the region from beginning again.
        """
        folders, claim = self._region.folders, led.claim
        if claim.lineage is None and not claim.origin and not folders.cluster_id:
            folders.discard(led.folder)
        else:
            folders.set_aside(led.folder)

    async def _gone_on(self, folder: Path, *, origin: str, claim: Claim | None = None) -> Won | None:
        """Begin the next epoch with the database in a folder."""
        standing = self._region.watch.standing
        claimed = claim or (await self._candidacy.reclaim(standing, origin=origin) if standing is not None else None)
        if claimed is None:
            return None
        return Won(claimed, await asyncio.to_thread(self._region.folders.move, folder, claimed.path))

    async def _gone_back(self, beginning: Beginning, folder: Path) -> Won | None:
        """Begin the next epoch with a restored database; with what was led with, where that cannot be finished."""
        standing = self._region.watch.standing
        try:
            if standing is None or standing.lineage is None:
                raise CoordinatorUnreachableError("Consul does not answer.", hint="sysmon ha status")
            await asyncio.to_thread(beginning.finish, folder / SINGLE_NAME)
        except SysmonError as error:
            _log.error("The restore was given up.", extra={"detail": error.message, "hint": error.hint})
            await asyncio.to_thread(self._region.folders.discard, beginning.folder)
            return await self._gone_on(folder, origin="outage")
        claim = await self._candidacy.reclaim(standing, origin=beginning.origin)
        if claim is None:
            await asyncio.to_thread(self._region.folders.discard, beginning.folder)
            return None
        came_from = replace(standing.lineage, path=beginning.parent, txid=beginning.parent_txid)
        won = await self._gone_on(beginning.folder, origin="", claim=replace(claim, lineage=came_from))
        await asyncio.to_thread(self._region.folders.set_aside, folder)
        return won

    # What lasts

    @asynccontextmanager
    async def _serving(self, servers: Serving) -> AsyncIterator[asyncio.Future[None]]:
        """Run a term's servers; at the end of the block they have ended."""
        end = asyncio.Event()
        serving = asyncio.ensure_future(servers.serve(end, self._ready))
        try:
            yield serving
        finally:
            end.set()
            await serving

    def _ready(self) -> None:
        ready, self._says_ready = self._says_ready, None
        if ready is not None:
            ready()

    async def _stamp(self) -> None:
        while True:
            self._region.session.stamp()
            await asyncio.sleep(_STAMP_SECONDS)
