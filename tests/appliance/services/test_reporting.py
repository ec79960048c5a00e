import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Holder, Node
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.errors import LeaderUnreachableError
from sysmon_appliance.services.reporting import INTERVAL_SECONDS, Reporting
from tests.support.topology import FIRST, SECOND

READ = ReadBack(SECOND.name, 7, "epoch-00000007-0123456789abcdef", mark=5, txid=50)
PROGRESS = Progress(7, 9, 1_800_000_000_000, handoff_to=SECOND.name)


@dataclass
class Standby:
    """A standby that reports, and a leader that hears it; `errors` come before answers."""

    holder: Holder | None = field(default_factory=lambda: Holder(FIRST, 7))
    read: ReadBack | None = READ
    errors: list[SysmonError] = field(default_factory=list)
    told: list[tuple[str, Node, ReadBack]] = field(default_factory=list)
    heard: list[Progress] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reporting = Reporting(
            self,
            SECOND,
            holder=lambda: self.holder,
            read_back=lambda: self.read,
            heard=self.heard.append,
            draw=self._draw,
        )

    def report(self, address: str, node: Node, read_back: ReadBack) -> Progress:
        self.told.append((address, node, read_back))
        if self.errors:
            raise self.errors.pop(0)
        return PROGRESS

    def _draw(self) -> float:
        self.drawn.append(0.0)
        return 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.reporting.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def told_times(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.heard) < count:  # noqa: ASYNC110 - another thread adds to it
                await asyncio.sleep(0.005)


async def test_news_are_reported_at_once() -> None:
    """As soon as a standby has read more, the leader hears of it, and its answer is handed on."""
    standby = Standby()
    async with standby.running():
        await standby.told_times(1)
        standby.read = replace(READ, mark=6)
        standby.reporting.wake()
        await asyncio.wait_for(standby.told_times(2), INTERVAL_SECONDS)
    assert [(address, node, read.mark) for address, node, read in standby.told] == [
        (FIRST.ingest, SECOND, 5),
        (FIRST.ingest, SECOND, 6),
    ]
    assert standby.heard == [PROGRESS, PROGRESS]


async def test_what_comes_while_a_report_is_under_way_is_reported_next() -> None:
    """Nothing that is read during a report waits for the next second."""
    standby = Standby()
    async with standby.running():
        await asyncio.sleep(0)
        standby.reporting.wake()
        await asyncio.wait_for(standby.told_times(2), INTERVAL_SECONDS)


async def test_without_news_the_leader_hears_that_the_standby_lives() -> None:
    """A standby that has nothing new reports all the same, before the leader stops to wait for it."""
    standby = Standby()
    async with standby.running():
        await standby.told_times(2)


async def test_a_leader_that_does_not_answer_is_tried_again() -> None:
    """Failures are followed by pauses drawn by chance, and then by the newest report."""
    standby = Standby(errors=[LeaderUnreachableError("Away.")] * 3)
    async with standby.running():
        await standby.told_times(1)
    assert len(standby.told) >= 4
    assert len(standby.drawn) == 3


async def test_there_may_be_nobody_to_tell() -> None:
    """Without a leader, with nothing read, or where it leads itself, a node reports to nobody."""
    for standby in (Standby(holder=None), Standby(read=None), Standby(holder=Holder(SECOND, 8))):
        async with standby.running():
            standby.reporting.wake()
            await asyncio.sleep(0.05)
        assert not standby.told
