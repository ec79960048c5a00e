"""A region in one process: the product's own steps of leadership and durability, over a Consul and a replica in memory.

Time moves when it is told to, and between any two steps of a node everything else may happen: a node can be frozen in
the middle of an upload, and thawed when another one leads. What is stored is a list of ticks for each agent, so that a
loss or a double is plain to see.

A `Mutation` switches one safeguard off, to see whether anybody notices.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.messages import Reply
from sysmon_appliance.consul.coordinator import ConsulCoordinator
from sysmon_appliance.consul.session import ConsulSession
from sysmon_appliance.domain.barrier import GroupListener
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.domain.durability import Mark, ReadBack
from sysmon_appliance.domain.election import Found, Step, decide
from sysmon_appliance.domain.leadership import Holder, Node
from sysmon_appliance.domain.replica import Chapter, Reach
from sysmon_appliance.domain.streams import Stream, Verdict, admit
from sysmon_appliance.errors import (
    CoordinatorUnreachableError,
    FencedError,
    ReplicaBrokenError,
    ReplicaUnreachableError,
)
from sysmon_appliance.services.durability import DurableTicks
from sysmon_appliance.services.leader_watch import Ending, Sight, judge
from sysmon_appliance.services.leading import Claim, Leading
from sysmon_appliance.services.live_folders import SINGLE_NAME, LiveFolders
from sysmon_appliance.services.standbys import Standbys
from tests.support.clock import ManualClock
from tests.support.ha.consul import FakeClient, FakeConsul

REGION = "sysmon/region/"
CLUSTER = "c" * 32

_NOTHING = Found()


class Mutation(Enum):
    """A safeguard that is switched off."""

    NONE = "none"
    NO_FENCE = "no fence"  # neither the transaction nor the lease keeps an old leader from acknowledging
    ONE_PATH = "one path for all epochs"
    NO_SET_ASIDE = "a database found on disk is led with"
    NO_IDEMPOTENCE = "whatever an agent sends is stored"


class ViolationError(AssertionError):
    """Something acknowledged is missing, or is there twice."""


@dataclass(slots=True)
class Database:
    """What a node leads with: every agent's ticks, in the order in which they were stored."""

    epoch: int = 0
    mark: int = 0
    ticks: dict[str, list[int]] = field(default_factory=dict)

    def dump(self) -> str:
        return json.dumps([self.epoch, self.mark, self.ticks])

    @classmethod
    def load(cls, text: str) -> "Database":
        return cls(*json.loads(text))


@dataclass(slots=True)
class Store:
    """The replica and its book. `is_down` makes it unreachable for all."""

    world: "World"
    is_down: bool = False
    uploads: dict[str, dict[int, "Uploaded"]] = field(default_factory=dict)  # by path and position
    book: list[Chapter] = field(default_factory=list)

    def replicate(self, database: Database, path: str) -> "Upload":
        return Upload(self, database, path, position=self.newest(path))

    def restore(self, path: str, target: Path, *, txid: int = 0, at_ms: int = 0) -> int:
        assert not at_ms
        self.check()
        self.world.pause("restore")
        newest = self.newest(path)
        if newest < txid:
            raise ReplicaBrokenError(f"{path} ends at {newest}.")
        target.write_text(self.read(path).dump(), "utf-8")
        return newest

    def newest(self, path: str) -> int:
        return max(self.uploads.get(path, {}), default=0)

    def read(self, path: str) -> Database:
        """Put together what lies in a path: the newest whole state, and what was added to it."""
        database = Database()
        for _, uploaded in sorted(self.uploads.get(path, {}).items()):
            database = uploaded.on(database)
        return database

    def reach(self, path: str) -> Reach | None:
        raise NotImplementedError(path)

    def follow(self, path: str, folder: Path) -> "None":
        raise NotImplementedError(path, folder)

    def paths(self) -> Sequence[str]:
        self.check()
        return sorted(self.uploads)

    def remove(self, path: str) -> None:
        self.uploads.pop(path)

    def chapters(self) -> Sequence[Chapter]:
        self.check()
        return list(self.book)

    def add(self, chapter: Chapter) -> None:
        self.check()
        self.book.append(chapter)

    def cluster_id(self) -> str:
        self.check()
        return self.book[0].cluster_id if self.book else ""

    def forget(self, path: str) -> None:
        self.book = [chapter for chapter in self.book if chapter.path != path]

    def check(self) -> None:
        if self.is_down:
            raise ReplicaUnreachableError("The store does not answer.")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What one position holds: a whole state, or what has come since the position before it."""

    is_whole: bool
    epoch: int
    mark: int
    ticks: dict[str, list[int]]

    def on(self, before: Database) -> Database:
        if self.is_whole:
            return Database(self.epoch, self.mark, {agent: list(ticks) for agent, ticks in self.ticks.items()})
        agents = before.ticks.keys() | self.ticks.keys()
        ticks = {agent: before.ticks.get(agent, []) + self.ticks.get(agent, []) for agent in agents}
        return Database(self.epoch, self.mark, ticks)


@dataclass(slots=True)
class Upload:
    """Litestream beside one database: first it puts all of it into the path, then what is added."""

    store: Store
    database: Database
    path: str
    position: int
    alive: bool = True
    sent: dict[str, int] | None = None  # how many ticks of each agent are there; None before the first time

    def sync(self) -> int:
        self.store.check()
        uploaded, sent = self._news()
        self.store.world.pause("sync")
        if not self.alive:
            raise ReplicaUnreachableError("Litestream has ended.")
        self.position += 1
        self.store.uploads.setdefault(self.path, {})[self.position] = uploaded
        self.sent = sent
        return self.position

    def _news(self) -> tuple[Uploaded, dict[str, int]]:
        database, sent = self.database, self.sent or {}
        ticks = {agent: ticks[sent.get(agent, 0) :] for agent, ticks in database.ticks.items()}
        uploaded = Uploaded(self.sent is None, database.epoch, database.mark, ticks)
        return uploaded, {agent: len(ticks) for agent, ticks in database.ticks.items()}

    def kill(self) -> None:
        self.alive = False


class Commits:
    """The storing barrier over a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        for change in changes:
            if isinstance(change, Mark):
                self._database.mark = change.number
        settle(None)

    def listen(self, listener: GroupListener) -> None:
        """Nobody here wants to hear of groups."""


class Term:
    """What a node has while it leads."""

    def __init__(self, node: "SimulatedNode", claim: Claim, folder: Path, database: Database) -> None:
        world = node.world
        self.claim = claim
        self.folder = folder
        self.database = database
        path = "epoch-00000000-0000000000000000" if world.mutation is Mutation.ONE_PATH else claim.path
        self.path = path
        self.upload = world.store.replicate(database, path)
        self.standbys = Standbys(
            world.clock,
            epoch=claim.epoch,
            path=path,
            mark=lambda: self.ticks.committed_mark,
            handoff_to=lambda: "",
            known={},
            views=list,
            arrived=lambda after: (after, ()),
        )
        record = node.leading.recorder(claim if path == claim.path else _on(claim, path), CLUSTER)
        self.ticks: DurableTicks = DurableTicks(
            Commits(database),
            self.upload,
            world.clock,
            tick_seconds=1.0,
            mark=database.mark,
            record=world.recording(record),
            readers=self.standbys,
        )
        self.standbys.listen(self.ticks.advance)
        self.streams: dict[str, Stream] = {}
        for number, (agent, ticks) in enumerate(sorted(database.ticks.items()), 1):
            self._open(agent, number, max(ticks, default=0))

    def push(self, agent: str, number: int, *, is_idempotent: bool) -> Reply:
        """Take a tick, as ingest does."""
        stream = self.streams.get(agent) or self._open(agent, len(self.streams) + 1, 0)
        verdict = admit(last=stream.last, first=number, to=number)
        if verdict is Verdict.ACCEPT or not is_idempotent:
            self.database.ticks.setdefault(agent, []).append(number)
            stream.last = max(stream.last, number)
            self.ticks.note(stream)
        return Reply(self.claim.epoch, stream.last, stream.durable)

    def _open(self, agent: str, key: int, last: int) -> Stream:
        stream = self.streams[agent] = Stream(key, key, agent.encode(), last=last)
        self.ticks.note(stream)
        return stream


def _on(claim: Claim, path: str) -> Claim:
    return Claim(claim.epoch, path, claim.lineage, claim.cluster_id, claim.origin)


class SimulatedNode:
    """One aggregator. While `is_frozen` it does nothing, and knows nothing of it afterwards."""

    def __init__(self, world: "World", name: str, folder: Path) -> None:
        self.world = world
        self.node = Node(name, f"{name}.example:7443")
        self.folder = folder
        self.client = FakeClient(world.consul, name)
        self.is_frozen = False
        self.is_busy = False  # in the middle of a step
        self.term: Term | None = None
        self.loop = asyncio.new_event_loop()
        self._start()

    def _start(self) -> None:
        self.session = ConsulSession(self.client, self.node, self.world.clock, region="region")
        self.coordinator = ConsulCoordinator(self.client, self.session, prefix=REGION)
        self.folders = LiveFolders(self.folder)
        if self.world.mutation is not Mutation.NO_SET_ASIDE:
            self.folders.clear()
        store = self.world.store
        self.leading = Leading(
            self.coordinator,
            store,  # type: ignore[arg-type] # it follows nothing
            store,
            self.folders,
            node=self.node,
            clock=self.world.clock,
        )

    def kill(self) -> None:
        """End the process as SIGKILL would, and its Litestream with it; `restart` begins another one."""
        if self.term is not None:
            self.term.upload.kill()
            (self.term.folder / SINGLE_NAME).write_text(self.term.database.dump(), "utf-8")
        self.term = None
        self.is_frozen = True

    def restart(self) -> None:
        """Begin anew with what is on disk, if this process was killed; else let it go on from where it was frozen."""
        if self.is_frozen and self.term is None:
            self._start()
        self.is_frozen = False

    def close(self) -> None:
        self.loop.close()

    def beat(self) -> None:
        if not (self.is_frozen or self.is_busy):
            self.session.stamp()
            self.session.beat()

    def step(self) -> None:
        """Do what is due."""
        if self.is_frozen or self.is_busy:
            return
        self.is_busy = True
        try:
            with contextlib.suppress(CoordinatorUnreachableError, ReplicaUnreachableError):
                if self.term is None:
                    self._stand_by()
                else:
                    self._lead(self.term)
        finally:
            self.is_busy = False

    # Following

    def _stand_by(self) -> None:
        standing = self.coordinator.standing()
        if standing.holder is not None:
            self._read_back(standing.holder)
        found = self.leading.look() if standing.lineage is None else _NOTHING
        decision = decide(standing, found, own=self.node.name)
        found_on_disk = decision.step is Step.WAIT and self.world.mutation is Mutation.NO_SET_ASIDE
        if decision.step not in {Step.COMPETE, Step.BEGIN} and not found_on_disk:
            return
        if self.world.clock.monotonic() >= self.session.lease_until:
            return
        claim = self.leading.claim(standing, origin="failover")
        if claim is None:
            return
        try:
            folder = self.leading.restore(claim)
        except (ReplicaBrokenError, ReplicaUnreachableError):
            self.coordinator.release()
            raise
        self._begin(claim, folder)

    def _begin(self, claim: Claim, folder: Path) -> None:
        restored = folder / SINGLE_NAME
        database = Database.load(restored.read_text("utf-8")) if restored.is_file() else Database()
        if self.world.mutation is Mutation.NO_SET_ASIDE:
            database = self._own(folder) or database
        database.epoch = claim.epoch
        self.folders.belong_to(CLUSTER)
        self.term = Term(self, claim, folder, database)

    def _own(self, restored: Path) -> Database | None:
        """Find what an earlier process of this node has led with."""
        files = [file for file in self.folder.glob(f"epoch-*/{SINGLE_NAME}") if file.parent != restored]
        found = [Database.load(file.read_text("utf-8")) for file in files]
        return max(found, key=lambda database: database.epoch, default=None)

    def _read_back(self, holder: Holder) -> None:
        """Read the newest state of the lineage's path, and tell whoever leads."""
        leader = self.world.by_name[holder.node.name]
        term = leader.term
        if term is None or leader.is_frozen or leader is self or term.claim.epoch != holder.epoch:
            return
        store = self.world.store
        txid = store.newest(term.path)
        if txid and not store.is_down:
            mark = store.read(term.path).mark
            term.standbys.report(self.node, ReadBack(self.node.name, holder.epoch, term.path, mark, txid))

    # Leading

    def _lead(self, term: Term) -> None:
        now = self.world.clock.monotonic()
        if now > self.session.lease_until and self.world.mutation is not Mutation.NO_FENCE:
            term.upload.kill()
        ending = self._judged(term, now)
        if ending is None and term.upload.alive:
            try:
                self.loop.run_until_complete(term.ticks.tick())
            except FencedError:
                ending = Ending.FENCED
        if ending is not None:
            self._end(term, ending)

    def _judged(self, term: Term, now: float) -> Ending | None:
        try:
            standing = self.coordinator.standing()
        except CoordinatorUnreachableError:
            standing = None
        return judge(
            Sight(
                now=now,
                lease_until=self.session.lease_until,
                standing=standing,
                epoch=term.claim.epoch,
                node=self.node.name,
                replicating=term.upload.alive,
                stuck_seconds=term.ticks.trouble_seconds,
                failing_seconds=0.0,
                standby_ready=bool(term.standbys.ready),
                replica_fault=term.standbys.fault is not None,
            )
        )

    def _end(self, term: Term, ending: Ending) -> None:
        term.upload.kill()
        term.ticks.end()
        self.term = None
        if ending is Ending.REBASE:
            claim = self.leading.claim(self.coordinator.standing(), origin="outage")
            if claim is not None:
                self.term = Term(self, claim, self.folders.new(claim.path), term.database)
                return
        if ending is Ending.STUCK:
            self.coordinator.release()
        (term.folder / SINGLE_NAME).write_text(term.database.dump(), "utf-8")
        self.folders.set_aside(term.folder)

    def push(self, agent: str, number: int) -> Reply | None:
        """Take a tick; None where nobody answers, or another leads."""
        if self.is_frozen or self.is_busy or self.term is None:
            return None
        return self.term.push(agent, number, is_idempotent=self.world.mutation is not Mutation.NO_IDEMPOTENCE)


class SimulatedAgent:
    """An agent that counts its ticks, and keeps those that are not durable."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = 0
        self.durable = 0
        self._next = 1

    def send(self, node: SimulatedNode, *, is_answered: bool = True) -> None:
        """Push the next tick; without an answer it is not known whether it arrived."""
        reply = node.push(self.name, self._next)
        if reply is None or not is_answered or reply.epoch < self.epoch:
            return
        if reply.stored < self.durable:
            raise ViolationError(
                f"{self.name}: {self.durable} was durable, and epoch {reply.epoch} has {reply.stored}."
            )
        self.epoch = reply.epoch
        self.durable = max(self.durable, reply.durable)
        self._next = reply.stored + 1


class World:
    """Nodes, agents, and what lies between them."""

    def __init__(self, folder: Path, *, nodes: int = 3, agents: int = 2, mutation: Mutation = Mutation.NONE) -> None:
        self.mutation = mutation
        self.clock = ManualClock()
        self.consul = FakeConsul(self.clock)
        self.store = Store(self)
        client = FakeClient(self.consul, "observer")
        session = ConsulSession(client, Node("observer", "observer.example:7443"), self.clock, region="region")
        self._observer = ConsulCoordinator(client, session, prefix=REGION)
        self._turn = 0
        self._meanwhile: tuple[str, Callable[[], None]] | None = None
        names = [f"n{number}" for number in range(nodes)]
        self.nodes = [SimulatedNode(self, name, folder / name) for name in names]
        self.by_name = {node.node.name: node for node in self.nodes}
        self.agents = [SimulatedAgent(f"a{number}") for number in range(agents)]

    def close(self) -> None:
        for node in self.nodes:
            node.close()

    def live(self, seconds: float) -> None:
        """Let time pass; whoever is not frozen does what is due once a second."""
        left = seconds
        while left > 0:
            self.clock.advance(min(left, 1.0))
            left -= 1.0
            for node in self.nodes:
                node.beat()
            self._turn += 1
            for number in range(len(self.nodes)):
                self.nodes[(number + self._turn) % len(self.nodes)].step()

    def during(self, where: str, meanwhile: Callable[[], None]) -> None:
        """Let something happen in the middle of the next step of that kind, whoever takes it."""
        self._meanwhile = (where, meanwhile)

    def pause(self, where: str) -> None:
        if self._meanwhile is not None and self._meanwhile[0] == where:
            meanwhile, self._meanwhile = self._meanwhile[1], None
            meanwhile()

    def recording(self, record: Callable[[int, int], None]) -> Callable[[int, int], None]:
        """Return what a leader calls to record a position."""

        def recording(txid: int, mark: int) -> None:
            self.pause("record")
            if self.mutation is not Mutation.NO_FENCE:
                record(txid, mark)
                return
            with contextlib.suppress(SysmonError):
                record(txid, mark)

        return recording

    def leader(self) -> SimulatedNode | None:
        """Find who leads, as Consul knows it."""
        standing = self._observer.standing()
        if standing.holder is None:
            return None
        found = self.by_name[standing.holder.node.name]
        return found if found.term is not None and found.term.claim.epoch == standing.epoch else None

    def heal(self) -> None:
        """Mend everything, and wait until somebody leads and makes durable."""
        self._meanwhile = None
        self.store.is_down = False
        for node in self.nodes:
            node.restart()
            node.client.unreachable = False
            node.client.lost_replies = node.client.delayed = 0
            node.client.deliver()
        for _ in range(90):
            self.live(1.0)
            leader = self.leader()
            if leader is not None and leader.term is not None and leader.term.ticks.state.durable_mark:
                return
        raise ViolationError("Nobody leads although everything works.")

    def check(self) -> None:
        """Compare what agents were told with what the leader has.

        Raises
        ------
        ViolationError
            A tick that was acknowledged as durable is missing, or one is there twice.
        """
        leader = self.leader()
        if leader is None or leader.term is None or not leader.term.ticks.state.durable_mark:
            return
        for agent in self.agents:
            ticks = leader.term.database.ticks.get(agent.name, [])
            if len(set(ticks)) != len(ticks):
                raise ViolationError(f"{leader.node.name} has ticks of {agent.name} twice: {ticks}.")
            if missing := set(range(1, agent.durable + 1)) - set(ticks):
                raise ViolationError(f"{leader.node.name} lacks ticks of {agent.name}: {sorted(missing)}.")
