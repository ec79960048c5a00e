"""One node of a region as the composition root builds it, over a Consul and a replica in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_appliance.bootstrap.base import lay_base
from sysmon_appliance.bootstrap.node import RegionNode
from sysmon_appliance.bootstrap.region import Region
from sysmon_appliance.config import ReplicaSettings
from sysmon_appliance.consul.coordinator import ConsulCoordinator
from sysmon_appliance.consul.session import ConsulSession
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.objectstore.book import ObjectBook
from sysmon_appliance.services.leader_watch import Heard
from sysmon_appliance.services.leading import Leading
from sysmon_appliance.services.live_folders import LiveFolders
from sysmon_appliance.services.preparing import Preparation
from sysmon_appliance.services.region_topology import RegionTopology
from sysmon_appliance.services.standing_watch import StandingWatch
from tests.support.aggregator import settings_in
from tests.support.clock import ManualClock
from tests.support.ha.consul import FakeClient, FakeConsul
from tests.support.ha.litestream import FakeReplicaStore, ReplicationTwin
from tests.support.objects import MemoryObjects

_REGION = "region"
_PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Surroundings:
    """What the nodes of a region share; sessions last, for Consul's clock stands still."""

    consul: FakeConsul = field(default_factory=lambda: FakeConsul(ManualClock()))
    store: FakeReplicaStore = field(default_factory=FakeReplicaStore)
    objects: MemoryObjects = field(default_factory=MemoryObjects)


@dataclass(slots=True)
class RunningNode:
    """A node that serves."""

    node: RegionNode
    region: Region
    surroundings: Surroundings

    @property
    def replication(self) -> ReplicationTwin:
        """Litestream beside what it leads with, once that was uploaded."""
        leader = self.region.topology.leader
        assert leader is not None
        [twin] = self.surroundings.store.found[leader.path].writers
        return twin

    async def until(self, seen: Callable[[], object]) -> None:
        """Return once something is so."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not seen():  # noqa: ASYNC110 - what is waited for are plain values of the node
                await asyncio.sleep(0.02)

    async def leads(self, *, after: int = 0) -> int:
        """Wait until it makes durable in an epoch later than that; return the epoch."""
        await self.until(lambda: self.epoch > after)
        return self.epoch

    @property
    def epoch(self) -> int:
        """The epoch that it leads and makes durable in; 0 where none."""
        leader = self.region.topology.leader
        return leader.epoch if leader is not None and leader.ticks.state.durable_mark else 0


@asynccontextmanager
async def running_node(folder: Path, surroundings: Surroundings, *, name: str = "n1") -> AsyncIterator[RunningNode]:
    """Run a node until the end of the block."""
    with ExitStack() as closing:
        region = _region(folder, surroundings, closing, name)
        node = RegionNode(region)
        stop = asyncio.Event()
        serving = asyncio.ensure_future(node.serve(stop, lambda: None))
        try:
            yield RunningNode(node, region, surroundings)
        finally:
            stop.set()
            await asyncio.wait_for(serving, _PATIENCE_SECONDS)


def _region(folder: Path, surroundings: Surroundings, closing: ExitStack, name: str) -> Region:
    clock = SystemClock()
    settings = replace(settings_in(folder), replica=ReplicaSettings(tick_milliseconds=50))
    base = lay_base(settings, clock, closing, key_passphrase=None)
    own = Node(name, str(base.ingest_address))
    client = FakeClient(surroundings.consul, name)
    session = ConsulSession(client, own, clock, region=_REGION)
    coordinator = ConsulCoordinator(client, session, prefix=f"sysmon/{_REGION}/")
    folders = LiveFolders(Path(settings.data))
    book, heard = ObjectBook(surroundings.objects), Heard()
    watch = StandingWatch(coordinator, clock)
    store = surroundings.store
    return Region(
        base=base,
        node=own,
        session=session,
        coordinator=coordinator,
        store=store,
        book=book,
        folders=folders,
        heard=heard,
        leading=Leading(coordinator, store, book, folders, node=own, clock=clock, heard=lambda: heard.epoch),
        preparation=Preparation(store, folders, clock, check=lambda _: None),
        watch=watch,
        topology=RegionTopology(own, coordinator, watch, clock, region=_REGION),
        registry=None,
    )
