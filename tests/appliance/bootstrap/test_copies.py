"""Which copy of the replica a standby shows, and when it begins another."""

from pathlib import Path

import pytest

from sysmon_appliance.bootstrap.copies import Copies
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.services.live_folders import LiveFolders
from tests.support.clock import ManualClock
from tests.support.ha.litestream import FakeReplicaStore, State

OLD, NEW = (Lineage("cluster", epoch, f"epoch-{epoch:08d}-00000000000000aa", 1, 1) for epoch in (1, 2))


class FullDisk(LiveFolders):
    """Folders of a disk that has no room for another one while `is_full`."""

    is_full = False

    def new_copy(self) -> Path:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().new_copy()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> FakeReplicaStore:
    """A replica that holds both paths."""
    store = FakeReplicaStore(clock)
    for lineage in (OLD, NEW):
        store.replicate(Path("unused"), lineage.path)
        store.found[lineage.path].states.append(State(1, 0, b"content"))
    return store


@pytest.fixture
def folders(tmp_path: Path) -> FullDisk:
    return FullDisk(tmp_path / "live")


@pytest.fixture
def copies(store: FakeReplicaStore, folders: FullDisk, clock: ManualClock) -> Copies:
    return Copies(store, folders, clock)


def test_what_is_shown_stays_until_the_next_can_be_read(copies: Copies, clock: ManualClock) -> None:
    """A copy of the old path is shown until one of the new path can be read."""
    copies.follow(OLD)
    shown = copies.take()
    assert shown is not None
    assert shown.path == OLD.path
    clock.advance(10)
    copies.follow(NEW)
    assert shown.followed.alive
    taken = copies.take()
    assert taken is not None
    assert taken.path == NEW.path
    assert not shown.followed.alive


def test_a_full_disk_is_lived_with(copies: Copies, folders: FullDisk, clock: ManualClock) -> None:
    """A standby whose disk is full shows nothing, and follows as soon as there is room."""
    folders.is_full = True
    copies.follow(OLD)
    assert copies.take() is None
    folders.is_full = False
    clock.advance(10)
    copies.follow(OLD)
    assert copies.take() is not None


def test_copies_that_end_at_once_are_not_made_in_a_row(
    copies: Copies, store: FakeReplicaStore, clock: ManualClock
) -> None:
    """While following ends as soon as it begins, another attempt is made a moment later and not at once."""
    store.is_down = True
    made = store.found[OLD.path].copies
    for _ in range(5):
        copies.follow(OLD)
        made[-1].wipe()
    assert len(made) == 1
    clock.advance(10)
    copies.follow(OLD)
    assert len(made) == 2


def test_a_copy_that_gets_no_further_is_begun_anew(copies: Copies, store: FakeReplicaStore, clock: ManualClock) -> None:
    """A copy of which nothing comes any more is given up, and one that still grows is not."""
    store.is_down = True
    made = store.found[OLD.path].copies
    copies.follow(OLD)
    for size in (1, 2, 3):
        made[0].path.write_bytes(b"." * size)
        clock.advance(25)
        copies.follow(OLD)
    assert len(made) == 1
    clock.advance(25)
    copies.follow(OLD)
    clock.advance(25)
    copies.follow(OLD)
    assert len(made) == 2
    assert not made[0].alive
