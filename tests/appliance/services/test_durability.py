"""Durable ticks: what is committed becomes durable with a mark that came through, and with nothing less."""

import asyncio
from dataclasses import dataclass, field

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.changes import Change, RaiseEpoch, Settle
from sysmon_appliance.domain.durability import Assurance, Mark, ReadBack
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.errors import CoordinatorUnreachableError, FencedError, ReplicaUnreachableError
from sysmon_appliance.services.durability import DurableTicks
from sysmon_appliance.services.standbys import Standbys
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock

EPOCH, PATH = 7, "epoch-00000007-0123456789abcdef"


@dataclass
class Uploads:
    """A replica whose every upload succeeds, unless it has an error to raise."""

    position: int = 0
    error: SysmonError | None = None
    alive: bool = True

    def sync(self) -> int:
        if self.error is not None:
            raise self.error
        self.position += 1
        return self.position

    def kill(self) -> None:
        self.alive = False


@dataclass
class Ledger:
    """Where positions are recorded, unless there is an error to raise."""

    recorded: list[tuple[int, int]] = field(default_factory=list)
    error: SysmonError | None = None

    def __call__(self, txid: int, mark: int) -> None:
        if self.error is not None:
            raise self.error
        self.recorded.append((txid, mark))


class HangingBarrier(InstantBarrier):
    """Takes changes, and never settles them."""

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        """Say nothing."""


class Leader:
    """A leader of an epoch whose database has mark 40, with all that its ticks need."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.storing = InstantBarrier()
        self.uploads = Uploads()
        self.ledger = Ledger()
        self.standbys = Standbys(
            self.clock,
            epoch=EPOCH,
            path=PATH,
            mark=lambda: 0,
            handoff_to=lambda: "",
            known={},
            views=list,
            arrived=lambda after: (after, ()),
        )
        self.ticks = DurableTicks(
            self.storing,
            self.uploads,
            self.clock,
            tick_seconds=1.0,
            mark=40,
            record=self.ledger,
            readers=self.standbys,
        )
        self.standbys.listen(self.ticks.advance)
        self.told: list[SysmonError | None] = []

    def change(self) -> None:
        self.ticks.submit((RaiseEpoch(1),), self.told.append)

    def read(self, mark: int, *, node: str = "b", path: str = PATH) -> None:
        self.standbys.report(Node(node, "127.0.0.1:7443"), ReadBack(node, EPOCH, path, mark, txid=1))


def a_stream(last: int) -> Stream:
    return Stream(key=1, host=1, stream_id=b"s", last=last)


async def test_a_change_waits_for_replica_and_lineage() -> None:
    """Nobody hears of a change before the mark behind it is recorded."""
    leader = Leader()
    leader.change()
    assert leader.told == []
    await leader.ticks.tick()
    assert leader.told == [None]
    assert leader.ledger.recorded == [(1, 41)]


async def test_the_mark_is_committed_behind_the_change() -> None:
    """Whoever reads the mark out of the replica has every change before it."""
    leader = Leader()
    leader.change()
    await leader.ticks.tick()
    assert leader.storing.committed == [RaiseEpoch(1), Mark(41)]


async def test_a_ready_standby_is_waited_for() -> None:
    """While a standby follows, a change is durable once that has read it back."""
    leader = Leader()
    await leader.ticks.tick()
    leader.read(41)
    leader.change()
    await leader.ticks.tick()
    assert leader.told == []
    leader.read(42)
    assert leader.told == [None]
    assert leader.ticks.state.assurance is Assurance.READ_BACK


async def test_without_a_standby_the_lineage_decides_and_that_is_said() -> None:
    """With no standby ready changes become durable all the same, visibly degraded."""
    leader = Leader()
    leader.change()
    await leader.ticks.tick()
    assert leader.ticks.state.assurance is Assurance.RECORDED
    assert leader.told == [None]


async def test_a_silent_standby_is_not_waited_for_any_more() -> None:
    """A standby that stops reporting holds changes back for some seconds only."""
    leader = Leader()
    await leader.ticks.tick()
    leader.read(41)
    leader.change()
    await leader.ticks.tick()
    leader.clock.advance(60)
    leader.ticks.advance()
    assert leader.told == [None]


async def test_the_reading_of_another_path_counts_for_nothing() -> None:
    """A standby that still follows an older epoch verifies nothing of this one."""
    leader = Leader()
    await leader.ticks.tick()
    leader.read(99, path="epoch-00000006-fedcba9876543210")
    assert leader.ticks.state.assurance is Assurance.RECORDED


@pytest.mark.parametrize("error", [ReplicaUnreachableError("gone"), CoordinatorUnreachableError("gone")])
async def test_what_fails_is_tried_again(error: SysmonError) -> None:
    """While the store or Consul is away nothing is acknowledged, and all of it once they are back."""
    leader = Leader()
    if isinstance(error, ReplicaUnreachableError):
        leader.uploads.error = error
    else:
        leader.ledger.error = error
    leader.change()
    await leader.ticks.tick()
    leader.clock.advance(5)
    assert leader.told == []
    assert leader.ticks.trouble_seconds == 5.0
    leader.uploads.error = leader.ledger.error = None
    await leader.ticks.tick()
    assert leader.told == [None]
    assert leader.ticks.trouble_seconds == 0.0


async def test_streams_follow_to_where_they_were_at_the_mark() -> None:
    """Ticks that were stored after the mark are not durable with it."""
    leader = Leader()
    await leader.ticks.tick()
    leader.read(41)
    stream = a_stream(10)
    leader.ticks.note(stream)
    await leader.ticks.tick()
    stream.last = 12
    leader.read(42)
    assert stream.durable == 10


async def test_a_fenced_leader_acknowledges_nothing() -> None:
    """Whoever waits hears that another aggregator leads, and so does whoever comes later."""
    leader = Leader()
    leader.change()
    leader.ledger.error = FencedError("Another leads.")
    with pytest.raises(FencedError):
        await leader.ticks.tick()
    stream = a_stream(10)
    leader.ticks.note(stream)
    leader.ticks.end()
    leader.ledger.error = None
    leader.change()
    leader.ticks.advance()
    assert [type(error) for error in leader.told] == [FencedError, FencedError]
    assert stream.durable == 0


async def test_a_commit_that_fails_is_told_at_once() -> None:
    """A change that could not be stored need not wait for a tick to hear so."""
    leader = Leader()
    leader.storing.error = ReplicaUnreachableError("full")
    leader.change()
    assert leader.told == [leader.storing.error]


async def test_nothing_is_written_while_nothing_happens() -> None:
    """Ticks without news commit no marks."""
    leader = Leader()
    await leader.ticks.tick()
    await leader.ticks.tick()
    assert leader.storing.committed == [Mark(41)]


async def test_a_tick_that_hangs_is_trouble_too() -> None:
    """A disk that takes writes and never answers is noticed, although nothing fails."""
    leader = Leader()
    hanging = DurableTicks(
        HangingBarrier(), leader.uploads, leader.clock, tick_seconds=1.0, mark=40, record=leader.ledger
    )
    tick = asyncio.ensure_future(hanging.tick())
    await asyncio.sleep(0)
    leader.clock.advance(20.0)
    assert hanging.trouble_seconds == 20.0
    tick.cancel()


async def test_an_epoch_is_recorded_although_nothing_is_stored() -> None:
    """A leader of a new region in which nothing happens has a lineage all the same."""
    leader = Leader()
    recorded = asyncio.Event()
    loop = asyncio.get_running_loop()

    def record(txid: int, mark: int) -> None:
        leader.ledger(txid, mark)
        loop.call_soon_threadsafe(recorded.set)

    idle = DurableTicks(leader.storing, leader.uploads, leader.clock, tick_seconds=1.0, mark=0, record=record)
    running = asyncio.ensure_future(idle.run())
    await asyncio.wait_for(recorded.wait(), 60)
    running.cancel()
    assert leader.ledger.recorded == [(1, 1)]
