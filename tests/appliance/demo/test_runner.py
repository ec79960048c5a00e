"""What a simulated host does about each answer."""

import asyncio
import json
from collections.abc import Sequence
from typing import cast

from sysmon_agent.errors import TransportError
from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.messages import Reply
from sysmon_agent.wire.routes import HELLO_PATH
from sysmon_appliance.demo.client import Answer, Connection
from sysmon_appliance.demo.runner import Life, Member
from tests.support.clock import ManualClock
from tests.support.demo import host


class FakeAggregator:
    """Accepts every batch, after it has given the problems that a test wants first."""

    is_due = False

    def __init__(self, *problems: str, renew: bool = False) -> None:
        self.renew = renew
        self.problems = list(problems)
        self.requests: list[tuple[str, bytes]] = []
        self.stored = 0
        self.connections = 0
        self.pushed = asyncio.Event()

    async def connect(self) -> Connection:
        self.connections += 1
        return cast("Connection", self)

    async def post(self, path: str, body: bytes) -> Answer:
        self.requests.append((path, body))
        if path != HELLO_PATH and self.problems:
            code = self.problems.pop(0)
            if code == "lost":
                raise TransportError("The aggregator hung up.")
            return Answer(409, {}, json.dumps({"code": code}).encode())
        if path != HELLO_PATH:
            self.stored = decode_batch(body).last
            self.pushed.set()
        return Answer(200, {}, encode_reply(Reply(1, self.stored, self.stored, renew=self.renew)))

    def renew_soon(self) -> None:
        self.is_due = True

    def close(self) -> None:
        """Nothing to close."""

    @property
    def paths(self) -> Sequence[str]:
        return [path.rpartition("/")[2] for path, _ in self.requests]


async def live(aggregator: FakeAggregator, *, ticks: int, position: int = 0) -> None:
    clock = ManualClock()
    life = Life(Member(host(clock, position), aggregator), 2.0)
    for number in range(ticks):
        await life.tick(2.0 * number)
        clock.advance(2)


async def test_host_says_hello_once() -> None:
    """A simulated host says hello on its connection, then sends a batch at each tick."""
    aggregator = FakeAggregator()
    await live(aggregator, ticks=3)
    assert aggregator.paths == ["hello", "batches", "batches", "batches"]
    assert aggregator.stored == 3


async def test_schema_is_sent_when_asked_for() -> None:
    """The schema travels once, when the aggregator does not know it."""
    aggregator = FakeAggregator("need_schema")
    await live(aggregator, ticks=2)
    schemas = [decode_batch(body).schema for path, body in aggregator.requests if path != HELLO_PATH]
    assert [schema is not None for schema in schemas] == [False, True, False]


async def test_hello_is_said_again_when_asked_for() -> None:
    """A host that no longer owns its stream says hello again and goes on."""
    aggregator = FakeAggregator("need_hello")
    await live(aggregator, ticks=1)
    assert aggregator.paths == ["hello", "batches", "hello", "batches"]


async def test_lost_connection_is_made_anew() -> None:
    """After a lost connection the tick is sent over a new one, and the missed number is declared."""
    aggregator = FakeAggregator("lost")
    await live(aggregator, ticks=3)
    assert aggregator.connections == 2
    assert aggregator.stored == 3


async def test_renewal_is_asked_for() -> None:
    """A host that is asked to renew its certificate does so before its next tick, and loses none."""
    aggregator = FakeAggregator(renew=True)
    await live(aggregator, ticks=2)
    assert aggregator.connections == 2
    assert aggregator.stored == 2


async def test_refused_tick_is_tried_at_the_next_one() -> None:
    """A problem that time may cure does not end the host."""
    aggregator = FakeAggregator("storage_full")
    await live(aggregator, ticks=3)
    assert aggregator.stored == 3


async def test_host_with_an_outage_hangs_up() -> None:
    """A host that plays dead closes its connection and says hello when it is back."""
    aggregator = FakeAggregator()
    await live(aggregator, ticks=121, position=13)
    assert aggregator.paths.count("hello") == 2
    assert aggregator.stored == 121
    assert aggregator.paths.count("batches") < 121


async def test_ticks_end_with_the_task() -> None:
    """Hosts stop, without a warning, when what runs them is cancelled."""
    aggregator = FakeAggregator()
    life = Life(Member(host(ManualClock()), aggregator), 0.01)
    task = asyncio.create_task(life.live(0.0))
    await aggregator.pushed.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
