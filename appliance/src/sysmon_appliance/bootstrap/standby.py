"""One term of a standby: a copy that follows the replica, and the services over it."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from starlette.types import ASGIApp

from sysmon_agent.errors import SysmonError
from sysmon_appliance.bootstrap.aggregator import Term
from sysmon_appliance.bootstrap.copies import Copies, Copy
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.parts import Parts, parts_of
from sysmon_appliance.bootstrap.region import Region
from sysmon_appliance.bootstrap.replicated import Replicated
from sysmon_appliance.domain.leadership import Holder, Lineage
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.errors import CopyLostError
from sysmon_appliance.services.durability import RefusingBarrier
from sysmon_appliance.services.following import Following, Views
from sysmon_appliance.services.reporting import Reporting
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.sqlite.following import FollowedDatabase
from sysmon_appliance.web.console import Followed, ViaSocket, standby_app, waiting_app
from sysmon_appliance.web.ingest import IngestServer, standing_by_server
from sysmon_appliance.web.listeners import address_of
from sysmon_appliance.web.peers import LeaderLink
from sysmon_appliance.web.servers import Server, console_server, socket_server
from sysmon_appliance.web.tls import TlsFiles

_log = logging.getLogger(__name__)


class Serving(Protocol):
    """The servers of a term."""

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None: ...


class StandbyTerm:
    """What a standby serves at one time; belongs to the event loop."""

    def __init__(self, region: Region, copies: Copies, serving: Serving, shown: "_Shown | None" = None) -> None:
        self.serving = serving
        self._region = region
        self._copies = copies
        self._shown = shown

    def goes_on(self) -> bool:
        """Make ready what is to be shown next; return whether there is nothing better to show than this."""
        lineage = _lineage_to_follow(self._region)
        self._copies.follow(lineage)
        if self._shown is not None and lineage is not None:
            self._shown.following.expect(lineage)
        return not (self._copies.has_next or (self._shown is not None and self._shown.has_ended))


@asynccontextmanager
async def standby_term(region: Region, copies: Copies) -> AsyncIterator[StandbyTerm]:
    """Open a term over the newest copy that can be read; at the end nothing of it runs any more."""
    copy = copies.take()
    database = await _opened(copy, copies) if copy is not None else None
    if copy is None or database is None:
        yield StandbyTerm(region, copies, _Waiting(region))
        return
    region.folders.belong_to(database.state.cluster_id)
    shown = _Shown(region, copy, database)
    region.topology.copy = shown.following
    shown.begin()
    try:
        yield StandbyTerm(region, copies, shown.term, shown)
    finally:
        region.topology.copy = None
        if await shown.end():
            copies.lose()


async def _opened(copy: Copy, copies: Copies) -> FollowedDatabase | None:
    try:
        return await asyncio.to_thread(FollowedDatabase.open, copy.followed.path)
    except SysmonError as error:
        _log.warning("A copy of the replica cannot be shown.", extra={"path": copy.path, "detail": error.message})
        copies.lose()
        return None


def _lineage_to_follow(region: Region) -> Lineage | None:
    """Return the lineage, unless this disk is of another cluster: then a person must see to it before it is used."""
    lineage = region.watch.last.lineage
    return lineage if lineage is not None and region.folders.cluster_id in {"", lineage.cluster_id} else None


class _Waiting:
    """Serves while there is no copy to show."""

    def __init__(self, region: Region) -> None:
        self._region = region

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        region, base = self._region, self._region.base
        app = waiting_app(Steering(region.topology, RefusingBarrier(region.topology.refusal), base.clock))
        listeners = base.listeners.again()
        servers: dict[Any, Server] = {
            listeners.ingest: _ingest(region),
            listeners.console: console_server(app, base.pki.console, base.gates.console),
            listeners.local: socket_server(ViaSocket(app)),
        }
        serving = [asyncio.ensure_future(server.serve([listener])) for listener, server in servers.items()]
        ready()
        await stop.wait()
        for server in servers.values():
            server.stop()
        await asyncio.wait(serving)


class _Shown:
    """The services over one copy."""

    def __init__(self, region: Region, copy: Copy, database: FollowedDatabase) -> None:
        base, topology, watch = region.base, region.topology, region.watch
        self._region = region
        self._running: asyncio.Future[None] | None = None
        ingest = base.settings.ingest
        refusing = RefusingBarrier(topology.refusal)
        self.listeners = base.listeners.again()
        parts = parts_of(
            Ground(
                base,
                self.listeners,
                database,
                refusing,
                refusing,
                topology,
                replicated=Replicated(region.store, region.book, copy.path, region.folders),
                refuse=topology.refusal,
            ),
            epoch=lambda: copy.epoch,
        )
        self.following = Following(
            copy.followed,
            database,
            base.clock,
            _views(parts),
            node=region.node.name,
            epoch=copy.epoch,
            path=copy.path,
            mark=database.state.mark,
        )
        self.link = LeaderLink(
            TlsFiles(ingest.certificate, ingest.key, ingest.authority),
            base.clock,
            region=base.settings.region,
            key_passphrase=base.key_passphrase,
        )
        self._reporting = Reporting(
            self.link,
            region.node,
            holder=lambda: watch.last.holder,
            read_back=lambda: self.following.read_back,
            heard=self._heard,
            draw=random.random,
        )
        self.following.listen(self._reporting.wake)
        self.term = self._term(parts)

    def begin(self) -> None:
        self._running = asyncio.ensure_future(self._follow())

    @property
    def has_ended(self) -> bool:
        """Whether the copy is of no use any more."""
        return self._running is not None and self._running.done()

    async def end(self) -> bool:
        """End following; return whether the copy was lost before."""
        self.link.close()
        running = self._running
        if running is None:
            return False
        running.cancel()
        await asyncio.wait((running,))
        if running.cancelled():
            return False
        error = running.exception()
        known = isinstance(error, CopyLostError)
        _log.warning("A copy is given up.", extra={"detail": str(error)}, exc_info=None if known else error)
        return True

    async def _follow(self) -> None:
        """Follow and report until the copy is of no use any more.

        Raises
        ------
        CopyLostError
            It is not.
        """
        tasks = [asyncio.ensure_future(run()) for run in (self.following.run, self._reporting.run)]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    def _heard(self, progress: Progress) -> None:
        region = self._region
        region.topology.hear(progress.nodes)
        region.base.gates.ingest.learn(progress.addresses, asyncio.get_running_loop().time())
        self.following.heard(progress)
        lineage = region.watch.last.lineage
        if lineage is None:
            return
        if progress.handoff_to != region.node.name:
            region.preparation.drop()
            return
        region.preparation.begin(lineage)
        self.following.prepared = region.preparation.is_ready(lineage)

    def _term(self, parts: Parts) -> Term:
        region, base, listeners = self._region, self._region.base, self.listeners
        app = self._forwarding(parts.app)
        return Term(
            {
                listeners.ingest: _ingest(region),
                listeners.console: console_server(app, base.pki.console, base.gates.console),
                listeners.local: socket_server(ViaSocket(app)),
            },
            storing=RefusingBarrier(region.topology.refusal),
            read_side=parts.read_side,
            lasting=(parts.read_side.hub.run, *parts.history.watching),
            ingest_address=address_of(listeners.ingest),
            console_address=address_of(listeners.console),
        )

    def _forwarding(self, app: ASGIApp) -> ASGIApp:
        settings, watch = self._region.base.settings.console, self._region.watch
        followed = Followed(
            self.link,
            holder=lambda: _other(self._region, watch.last.holder),
            mark=lambda: self.following.read_back.mark,
            age_ms=lambda: self.following.age_ms,
        )
        return standby_app(app, followed, settings)


def _views(parts: Parts) -> Views:
    return Views(
        reloads=(parts.reload,),
        streams=parts.catalog.follow,
        batches=(parts.series.note, parts.read_side.hub.update),
    )


def _other(region: Region, holder: Holder | None) -> Holder | None:
    """Return who leads, unless that is this node: then it is about to, or has just ceased to."""
    return holder if holder is not None and holder.node.name != region.node.name else None


def _ingest(region: Region) -> IngestServer:
    base = region.base
    ingest = base.settings.ingest
    return standing_by_server(
        region.topology.refusal,
        ingest,
        base.clock,
        base.pki.ingest,
        gate=base.gates.ingest,
        region=base.settings.region,
        authority=lambda: Path(ingest.authority).read_text("ascii"),
        draw=random.random,
    )
