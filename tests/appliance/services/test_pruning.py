"""Which paths of the replica are deleted, and which never are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.domain.replica import Chapter, path_of
from sysmon_appliance.errors import ReplicaUnreachableError
from sysmon_appliance.objectstore.book import ObjectBook
from sysmon_appliance.services.cautious_clock import CautiousClock
from sysmon_appliance.services.pruning import Pruning
from tests.support.clock import ManualClock
from tests.support.ha.databases import Ledger
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.objects import MemoryObjects

HOUR = 3600
KEEP_HOURS = 72


class History:
    """Epochs that followed each other; time passes in between."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.store = FakeReplicaStore(self.clock)
        self.book = ObjectBook(MemoryObjects())
        self.cautious = CautiousClock(self.clock)
        self._ledger = Ledger(folder / "live.sqlite")

    def begin(self, epoch: int, *, parent: str = "", in_book: bool = True) -> str:
        """Begin an epoch that leaves one state in its path."""
        path = path_of(epoch)
        self.store.replicate(self._ledger.path, path).sync()
        if in_book:
            self.book.add(Chapter("cluster", epoch, path, "node", self.clock.wall_ms(), parent))
        return path

    def pass_hours(self, hours: float) -> None:
        for _ in range(round(hours)):
            self.clock.advance(HOUR)
            self.cautious.now_ms()

    def prune(self, current: str) -> list[str]:
        pruning = Pruning(self.store, self.book, self.cautious, keep_hours=KEEP_HOURS, current=current)
        return list(pruning.prune())

    def close(self) -> None:
        self._ledger.close()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path)
    yield made
    made.close()


def test_a_path_stays_until_its_last_moment_is_out_of_reach(history: History) -> None:
    """A path goes, with its chapter, once its successor began longer ago than is kept."""
    first = history.begin(1)
    history.pass_hours(500)
    second = history.begin(2, parent=first)
    history.pass_hours(KEEP_HOURS)
    assert not history.prune(second)
    history.pass_hours(1)
    assert history.prune(second) == [first]
    assert history.store.paths() == [second]
    assert [chapter.path for chapter in history.book.chapters()] == [second]


def test_what_is_written_never_goes(history: History) -> None:
    """Neither the path that is written nor one that nothing has succeeded goes, however old it is."""
    first = history.begin(1)
    history.pass_hours(10 * KEEP_HOURS)
    assert not history.prune(first)
    assert not history.prune(path_of(2))


def test_a_path_that_was_gone_back_to_stays_longer(history: History) -> None:
    """A path from which a later epoch was restored counts until that one began."""
    first = history.begin(1)
    second = history.begin(2, parent=first)
    history.pass_hours(KEEP_HOURS - 1)
    third = history.begin(3, parent=first)
    history.pass_hours(2)
    assert not history.prune(third)
    history.pass_hours(KEEP_HOURS)
    assert history.prune(third) == [first, second]


def test_what_an_epoch_left_that_never_led_goes_too(history: History) -> None:
    """A path that has no chapter goes like any other once a later epoch has been for long enough."""
    orphan = history.begin(1, in_book=False)
    second = history.begin(2)
    assert not history.prune(second)
    history.pass_hours(KEEP_HOURS + 1)
    assert history.prune(second) == [orphan]


def test_a_chapter_that_a_crash_left_goes(history: History) -> None:
    """Where the path is gone already, its chapter is forgotten as well."""
    first = history.begin(1)
    second = history.begin(2, parent=first)
    history.store.remove(first)
    history.pass_hours(KEEP_HOURS + 1)
    history.prune(second)
    assert [chapter.path for chapter in history.book.chapters()] == [second]


def test_a_clock_that_was_just_set_deletes_nothing(history: History) -> None:
    """A step of the clock into the future does not make paths old."""
    first = history.begin(1)
    second = history.begin(2, parent=first)
    history.clock.wall += 1000 * HOUR * KEEP_HOURS
    assert not history.prune(second)


def test_a_successor_with_a_slow_clock_deletes_nothing(history: History) -> None:
    """Where the successor says that it began long ago, what the path itself has of later counts."""
    first = history.begin(1)
    path = path_of(2)
    history.book.add(Chapter("cluster", 2, path, "node", 1000, first))
    assert not history.prune(path)


def test_nothing_is_deleted_while_the_store_is_away(history: History) -> None:
    """A store that does not answer is an error, and nothing is forgotten."""
    first = history.begin(1)
    second = history.begin(2, parent=first)
    history.pass_hours(KEEP_HOURS + 1)
    history.store.is_down = True
    with pytest.raises(ReplicaUnreachableError):
        history.prune(second)
    assert [chapter.path for chapter in history.book.chapters()] == [first, second]
