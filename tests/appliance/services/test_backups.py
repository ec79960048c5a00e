"""What backups say of themselves, on a leader, on a standby and without a replica."""

from pathlib import Path

import pytest

from sysmon_appliance.domain.backups import Target
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    NotLeaderError,
    ReplicaUnreachableError,
)
from sysmon_appliance.services.backups import Epochs, NoBackups, StandbyBackups
from tests.support.backups import ListBook, chapter
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.ha.databases import Ledger
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.pushes import NOW_MS

MINUTE_MS = 60_000


class Written:
    """Two epochs, the second of which is written."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(wall_ms=NOW_MS + MINUTE_MS)
        self.store = FakeReplicaStore(self.clock)
        self.ledger = Ledger(folder / "live.sqlite")
        first, second = chapter(1, origin=""), chapter(2, parent=chapter(1).path, txid=1)
        self.first, self.second = first.path, second.path
        self.book = ListBook([first, second])
        self.epochs = Epochs(self.store, self.book, self.clock, current=lambda: self.second)
        self.write(1, self.first)
        self.clock.advance(60)
        self.write(2, self.second)

    def write(self, number: int, path: str) -> None:
        self.ledger.write(number)
        self.store.replicate(self.ledger.path, path).sync()


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


async def test_every_epoch_says_what_can_be_restored(written: Written) -> None:
    """Each has the oldest and newest moment of its path, or none where the path is deleted."""
    spans = await written.epochs.spans()
    assert [(span.chapter.epoch, span.on_line, span.reach and span.reach.last_ms) for span in spans] == [
        (1, True, NOW_MS + MINUTE_MS),
        (2, True, NOW_MS + 2 * MINUTE_MS),
    ]
    written.store.remove(written.first)
    written.clock.advance(700)
    first, _ = await written.epochs.spans()
    assert first.reach is None


async def test_the_store_is_not_asked_again_at_once(written: Written) -> None:
    """What was found lately is told again: of the path that is written for seconds, of the others for minutes."""
    await written.epochs.spans()
    written.store.is_down = True
    await written.epochs.spans()
    written.clock.advance(60)
    with pytest.raises(ReplicaUnreachableError):
        await written.epochs.spans()
    written.store.is_down = False
    written.write(3, written.second)
    written.store.found[written.first].states.clear()
    first, second = await written.epochs.spans()
    assert first.reach is not None
    assert second.reach is not None
    assert second.reach.last_ms == written.clock.wall_ms()


async def test_moments_are_found_in_the_book(written: Written) -> None:
    """A moment is looked up in what was written by then; one that is still to come is refused."""
    at_ms = NOW_MS + MINUTE_MS + 1
    assert await written.epochs.target(at_ms) == Target(written.first, at_ms, most_txid=1)
    with pytest.raises(NotFoundError):
        await written.epochs.target(NOW_MS)
    with pytest.raises(BadRequestError):
        await written.epochs.target(written.clock.wall_ms() + 1)


async def test_a_standby_shows_and_refuses(written: Written) -> None:
    """A standby tells what can be restored and how the leader's drill ended, and takes no orders."""
    drill = Drill(NOW_MS, NOW_MS + 1)
    standby = StandbyBackups(written.epochs, lambda: drill, lambda: NotLeaderError("agg-2 leads."))
    backups = await standby.backups()
    assert (len(backups.spans), backups.drill) == (2, drill)
    with pytest.raises(NotLeaderError):
        await standby.order_drill(OPERATOR)
    with pytest.raises(NotLeaderError):
        await standby.restore(OPERATOR, NOW_MS)


async def test_without_a_replica_there_is_nothing() -> None:
    """Without a replica nothing can be restored, and whoever orders it hears what to set."""
    backups = NoBackups()
    assert (await backups.backups()).spans == ()
    with pytest.raises(ConflictError, match=r"replica\.url"):
        await backups.order_drill(OPERATOR)
    with pytest.raises(ConflictError, match=r"replica\.url"):
        await backups.restore(OPERATOR, NOW_MS)
