"""What every replica does, the twin in memory as Litestream over a folder and over an object store."""

import time
from pathlib import Path

import pytest

from sysmon_appliance.domain.replica import FollowedCopy, ReplicaStore, path_of
from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError
from tests.appliance.litestream.conftest import PATH, Follow, Replicate
from tests.support.ha.databases import Ledger, entries
from tests.support.system import eventually


def come_to(copy: FollowedCopy, txid: int) -> None:
    eventually(lambda: copy.txid >= txid, f"the copy has come to {txid}")


def test_what_was_synced_can_be_restored(
    store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path
) -> None:
    """Everything that was committed before a sync is in what is restored, at the position that the sync gave."""
    replication = replicate(ledger, PATH)
    replication.sync()
    ledger.write(2, 3)
    txid = replication.sync()
    target = tmp_path / "restored.sqlite"
    assert store.restore(PATH, target, txid=txid) == txid
    assert entries(target) == [1, 2, 3]


def test_positions_rise_with_what_is_committed(ledger: Ledger, replicate: Replicate) -> None:
    """Each sync that has something new gives a higher position, and one without gives the same."""
    replication = replicate(ledger, PATH)
    first = replication.sync()
    ledger.write(2)
    second = replication.sync()
    assert first < second == replication.sync()


def test_what_is_uncommitted_or_unsynced_is_not_promised(
    store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path
) -> None:
    """A position that the path has not reached is refused, and nothing is left in its place."""
    txid = replicate(ledger, PATH).sync()
    target = tmp_path / "restored.sqlite"
    with pytest.raises(ReplicaBrokenError):
        store.restore(PATH, target, txid=txid + 1)
    assert not target.exists()


def test_a_path_that_holds_nothing_is_broken_to_restore(store: ReplicaStore, tmp_path: Path) -> None:
    """Where nothing was ever written there is nothing to restore, nothing in reach, and no path."""
    with pytest.raises(ReplicaBrokenError):
        store.restore(path_of(9), tmp_path / "restored.sqlite")
    assert store.reach(path_of(9)) is None
    assert not store.paths()


def test_whoever_is_killed_uploads_nothing_more(
    store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path
) -> None:
    """After a kill nothing is synced, what is committed stays out of the replica, and killing again is fine."""
    replication = replicate(ledger, PATH)
    txid = replication.sync()
    assert replication.alive
    replication.kill()
    ledger.write(2)
    with pytest.raises(ReplicaUnreachableError):
        replication.sync()
    replication.kill()
    assert not replication.alive
    assert store.restore(PATH, tmp_path / "restored.sqlite") == txid
    assert entries(tmp_path / "restored.sqlite") == [1]


def test_a_copy_follows(ledger: Ledger, replicate: Replicate, follow: Follow) -> None:
    """A copy that follows comes to have, while it is read, what is synced later."""
    replication = replicate(ledger, PATH)
    replication.sync()
    copy = follow(PATH)
    for number in range(2, 8):
        ledger.write(number)
        come_to(copy, replication.sync())
        assert entries(copy.path)[-1] == number
    assert copy.alive


def test_a_stopped_copy_is_whole(ledger: Ledger, replicate: Replicate, follow: Follow, tmp_path: Path) -> None:
    """A copy that was stopped is what was synced, follows no more, and can be moved elsewhere and written to."""
    replication = replicate(ledger, PATH)
    ledger.write(2)
    txid = replication.sync()
    copy = follow(PATH)
    come_to(copy, txid)
    copy.stop()
    ledger.write(3)
    replication.sync()
    assert not copy.alive
    moved = copy.path.rename(tmp_path / "moved.sqlite")
    assert entries(moved) == [1, 2]


def test_a_wiped_copy_leaves_nothing(ledger: Ledger, replicate: Replicate, follow: Follow) -> None:
    """A copy that was wiped is gone, and another can be made in the same folder."""
    replication = replicate(ledger, PATH)
    txid = replication.sync()
    copy = follow(PATH)
    come_to(copy, txid)
    copy.wipe()
    assert not copy.alive
    assert copy.txid == 0
    assert not list(copy.path.parent.iterdir())
    come_to(follow(PATH), txid)


def test_paths_are_apart(store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path) -> None:
    """Each path has its own history; all are listed by epoch, and removing one leaves the other."""
    second = path_of(12)
    written = replicate(ledger, second)
    written.sync()
    written.kill()  # else it may merge what is there into a file that is new
    other = Ledger(tmp_path / "other" / "live.sqlite")
    other.write(7)
    replicate(other, PATH).sync()
    assert store.paths() == [PATH, second]
    store.restore(PATH, tmp_path / "restored.sqlite")
    assert entries(tmp_path / "restored.sqlite") == [7]
    store.remove(second)
    assert store.paths() == [PATH]
    assert store.reach(second) is None
    other.close()


def test_a_moment_can_be_restored(store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path) -> None:
    """What is restored to a moment has what was synced before it and nothing of later."""
    replication = replicate(ledger, PATH)
    replication.sync()
    time.sleep(1.1)  # Litestream tells of whole seconds
    ledger.write(2)
    before = replication.sync()
    time.sleep(0.1)
    moment_ms = time.time_ns() // 1_000_000
    time.sleep(0.1)
    ledger.write(3)
    replication.sync()
    assert store.restore(PATH, tmp_path / "restored.sqlite", at_ms=moment_ms) == before
    assert entries(tmp_path / "restored.sqlite") == [1, 2]


def test_the_reach_of_a_path_can_be_restored(
    store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path
) -> None:
    """The moments that a path says it reaches can be restored, and what lies after them is the newest."""
    replication = replicate(ledger, PATH)
    replication.sync()
    time.sleep(1.1)
    ledger.write(2)
    txid = replication.sync()
    reach = store.reach(PATH)
    assert reach is not None
    assert reach.txid == txid
    assert reach.first_ms <= reach.last_ms <= time.time_ns() // 1_000_000
    assert store.restore(PATH, tmp_path / "first.sqlite", at_ms=reach.first_ms) <= txid
    assert store.restore(PATH, tmp_path / "later.sqlite", at_ms=reach.last_ms + 3_600_000) == txid


def test_a_moment_before_the_path_began_cannot_be_restored(
    store: ReplicaStore, ledger: Ledger, replicate: Replicate, tmp_path: Path
) -> None:
    """A path says nothing of the time before it."""
    replicate(ledger, PATH).sync()
    with pytest.raises(ReplicaBrokenError):
        store.restore(PATH, tmp_path / "restored.sqlite", at_ms=1000)
