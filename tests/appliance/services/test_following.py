"""How a standby looks at its copy: what it shows and tells, and when it gives the copy up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.following import News
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.errors import CopyLostError, ReplicaBrokenError, StorageError
from sysmon_appliance.services import following
from sysmon_appliance.services.following import Following, Views
from tests.support.clock import ManualClock
from tests.support.head import batch, schema, series

PATH = "epoch-00000007-0123456789abcdef"
NOTHING = News("c", epoch=7, mark=1, version=1)
STATE = State("c", 7, (), (), (), 1)
LINEAGE = Lineage("c", 7, PATH, txid=9, mark=5)


@dataclass
class Copy:
    """A copy whose position a test moves."""

    path: Path = Path("copy.sqlite")
    txid: int = 0
    alive: bool = True

    def stop(self) -> None:
        self.alive = False

    def wipe(self) -> None:
        self.alive = False


@dataclass
class Reader:
    """Gives out news, and errors, one after the other; then nothing new."""

    given: list[News | Exception] = field(default_factory=list)
    asked: int = 0
    before: Callable[[], None] = lambda: None

    def news(self) -> News:
        self.asked += 1
        self.before()
        one = self.given.pop(0) if self.given else NOTHING
        if isinstance(one, Exception):
            raise one
        return one


@dataclass
class Rig:
    """A Following over parts that a test moves. `shown` is what views were told, in order."""

    clock: ManualClock = field(default_factory=ManualClock)
    copy: Copy = field(default_factory=Copy)
    reader: Reader = field(default_factory=Reader)
    shown: list[object] = field(default_factory=list)
    told: list[ReadBack] = field(default_factory=list)

    def __post_init__(self) -> None:
        views = Views((self.shown.append,), self.streams, (self.batches,))
        self.following = Following(self.copy, self.reader, self.clock, views, node="b", epoch=7, path=PATH, mark=1)
        self.following.listen(lambda: self.told.append(self.following.read_back))

    def streams(self, streams: Sequence[Stream]) -> None:
        self.shown += streams

    def batches(self, batches: Sequence[StoredBatch]) -> None:
        self.shown += batches

    async def look(self, *given: News | Exception) -> float:
        """Let the copy have moved, and look at it."""
        self.reader.given += given
        self.copy.txid += 1
        return await self.following.look()


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(following, "TELL_SECONDS", 0.001)
    return Rig()


@contextlib.asynccontextmanager
async def running(rig: Rig) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(rig.following.run())
    yield task
    task.cancel()
    await asyncio.wait((task,))


async def test_news_is_shown_and_told(rig: Rig) -> None:
    """What is known of hosts comes before the batches that name them, and the leader hears of the mark after both."""
    one, stream = batch(schema(series("system.uptime")), [(1, [1.0])]), Stream(1, 1, b"s", last=4)
    await rig.look(replace(NOTHING, mark=4, batches=(one,), streams=(stream,), state=STATE))
    assert rig.shown == [STATE, stream, one]
    assert rig.told == [ReadBack("b", 7, PATH, mark=4, txid=1)]


async def test_a_copy_that_stands_still_is_not_read(rig: Rig) -> None:
    """Where nothing came, nothing is done but to look at the position."""
    await rig.look()
    await rig.following.look()
    assert (rig.reader.asked, len(rig.told)) == (1, 1)


async def test_parts_of_a_backlog_are_read_at_once(rig: Rig) -> None:
    """While there is more, the next part is read, and the leader hears of the mark that the last one has."""
    await rig.look(replace(NOTHING, more=True), replace(NOTHING, mark=3))
    assert [told.mark for told in rig.told] == [3]


async def test_what_cannot_be_read_now_is_read_later(rig: Rig) -> None:
    """A copy that is just being written counts as unread."""
    await rig.look(StorageError("It is busy."))
    assert rig.told == []
    await rig.following.look()
    assert [told.mark for told in rig.told] == [1]


async def test_a_copy_that_ended_while_it_was_read_counts_for_nothing(rig: Rig) -> None:
    """No mark is taken from a copy that may have been torn."""
    rig.reader.before = rig.copy.stop
    await rig.look(replace(NOTHING, mark=4))
    assert (rig.told, rig.following.read_back.mark) == ([], 1)


async def test_damage_is_told_before_the_copy_is_given_up(rig: Rig) -> None:
    """The leader hears what is broken, and which mark was the last that was whole."""
    with pytest.raises(CopyLostError):
        await rig.look(ReplicaBrokenError("Row 7 is not there."))
    assert rig.told == [ReadBack("b", 7, PATH, mark=1, txid=0, fault="Row 7 is not there.")]


async def test_damage_of_a_copy_that_has_ended_is_none_of_the_leaders(rig: Rig) -> None:
    """A copy that was left half written says nothing of the replica."""
    rig.reader.before = rig.copy.stop
    with pytest.raises(CopyLostError):
        await rig.look(ReplicaBrokenError("Row 7 is not there."))
    assert rig.told == []


async def test_a_copy_that_does_not_follow_any_more_is_given_up(rig: Rig) -> None:
    """Where the program has ended, a fresh copy is needed."""
    async with running(rig) as task:
        rig.copy.stop()
        with pytest.raises(CopyLostError, match="ended"):
            await asyncio.wait_for(task, 20)


async def test_a_copy_that_lags_behind_the_lineage_is_given_up(rig: Rig) -> None:
    """A copy may lack for some seconds what is in the replica, and not for longer."""
    rig.following.expect(LINEAGE)
    rig.clock.advance(following.STUCK_SECONDS)
    assert rig.following.behind_seconds == following.STUCK_SECONDS
    async with running(rig) as task:
        rig.clock.advance(1)
        with pytest.raises(CopyLostError, match="lags 11 s"):
            await asyncio.wait_for(task, 20)


async def test_a_copy_that_catches_up_is_kept(rig: Rig) -> None:
    """Only what is still lacking counts, from when it was recorded."""
    rig.following.expect(LINEAGE)
    rig.clock.advance(8)
    rig.following.expect(replace(LINEAGE, mark=6))
    rig.clock.advance(1)
    await rig.look(replace(NOTHING, mark=5))
    assert rig.following.behind_seconds == 1
    await rig.look(replace(NOTHING, mark=6))
    assert rig.following.behind_seconds == 0


async def test_another_path_is_not_waited_for(rig: Rig) -> None:
    """The lineage of another epoch says nothing of this copy."""
    rig.following.expect(replace(LINEAGE, path="epoch-00000008-0123456789abcdef"))
    rig.clock.advance(60)
    assert rig.following.behind_seconds == 0


async def test_the_age_is_that_of_what_the_leader_had_when_it_was_asked(rig: Rig) -> None:
    """What is shown is as old as the newest answer of the leader whose mark has been read."""
    assert rig.following.age_ms is None
    rig.following.heard(Progress(7, mark=1, now_ms=0))
    rig.clock.advance(2)
    rig.following.heard(Progress(7, mark=2, now_ms=0))
    rig.clock.advance(1)
    assert rig.following.age_ms == 3000
    await rig.look(replace(NOTHING, mark=2))
    assert rig.following.age_ms == 1000


async def test_the_age_is_known_however_long_nothing_comes(rig: Rig) -> None:
    """A standby whose store is gone for an hour says that what it shows is an hour old."""
    for second in range(3600):
        rig.following.heard(Progress(7, mark=1 + second, now_ms=0))
        rig.clock.advance(1)
    assert rig.following.age_ms == 3_600_000


async def test_what_reading_anew_takes_is_measured(rig: Rig) -> None:
    """Following rests a multiple of what reading all anew has taken, and nothing for what reading the head takes."""
    rig.reader.before = lambda: rig.clock.advance(2)
    assert await rig.look(replace(NOTHING, state=STATE)) == 2
    assert await rig.look(NOTHING) == 0
