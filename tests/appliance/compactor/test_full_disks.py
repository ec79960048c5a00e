"""A disk without room, in the middle of sealing and merging."""

from pathlib import Path

import numpy as np
import pytest

from sysmon_appliance.domain.jobs import MergeDay
from sysmon_appliance.domain.segments import DAY_MS, Level
from sysmon_appliance.errors import StorageError
from tests.support.clock import ManualClock
from tests.support.disks import fill, small_disk
from tests.support.storekeeping import Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
TIMES = every(DAY, 8000)

pytestmark = pytest.mark.fault


def send(store: Store) -> None:
    """Send more than a small disk has left when it is filled."""
    store.sender().send(TIMES, np.random.default_rng(1).random((3, len(TIMES))))


def test_a_seal_waits_for_room(tmp_path: Path) -> None:
    """On a full disk a seal fails, says what to look at, and leaves the head and the disk as they were."""
    with small_disk(tmp_path / "disk", 16 << 20) as disk:
        (disk / "segments").mkdir()
        (tmp_path / "segments").symlink_to(disk / "segments")
        with Store.opened(tmp_path, ManualClock(wall_ms=DAY + DAY_MS)) as store:
            send(store)
            ballast = fill(disk)
            with pytest.raises(StorageError) as caught:
                store.run()
            assert caught.value.hint.startswith("df ")
            assert store.times() == dict.fromkeys(TIMES, 1)
            ballast.unlink()
            store.run()
            assert store.times() == dict.fromkeys(TIMES, 1)
            assert [segment.level for segment in store.segments()] == [Level.SEALED]
            assert store.side.keeper.status.failure is None


def test_a_merge_waits_for_room(tmp_path: Path) -> None:
    """On a full disk a merge fails, and what was to be merged can be read as before."""
    with small_disk(tmp_path / "disk", 16 << 20) as disk:
        (disk / "segments").mkdir()
        (tmp_path / "segments").symlink_to(disk / "segments")
        with Store.opened(tmp_path, ManualClock(wall_ms=DAY + DAY_MS)) as store:
            send(store)
            store.run(1)
            ballast = fill(disk)
            store.clock.advance(7200)
            with pytest.raises(StorageError):
                store.run()
            assert store.times() == dict.fromkeys(TIMES, 1)
            ballast.unlink()
            assert [type(job) for job in store.run()] == [MergeDay]
            assert store.times() == dict.fromkeys(TIMES, 1)
