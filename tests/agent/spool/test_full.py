"""Spools without room: the policy decides, and everything dropped is counted."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sysmon_agent.errors import SpoolError
from sysmon_agent.spool import Spool
from sysmon_agent.wire.messages import ClockPair, Gap, GapReason
from tests.support.agent_rig import crash, open_spool, tick
from tests.support.clock import ManualClock
from tests.support.disks import fill as fill_disk
from tests.support.disks import small_disk, unwritable

NOW = ClockPair(1, 2)
FULL = GapReason.SPOOL_FULL


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def fill(spool: Spool, clock: ManualClock, first: int, last: int) -> list[int]:
    """Append ticks whose values are their numbers; return those that were written."""
    written = []
    for value in range(first, last + 1):
        clock.advance(10)
        if spool.append(tick(clock, value)):
            written.append(value)
    return written


def contents(spool: Spool) -> tuple[list[float], list[Gap]]:
    ticks: list[float] = []
    gaps: list[Gap] = []
    first = spool.durable + 1
    while batch := spool.cut(first, 100, NOW):
        ticks += memoryview(batch.columns).cast("d")[: batch.count].tolist()
        gaps += batch.skipped
        first = batch.last + 1
    assert len(ticks) + sum(gap.count for gap in gaps) == spool.last - spool.durable
    return ticks, gaps


def test_drop_oldest_keeps_the_newest(tmp_path: Path, clock: ManualClock) -> None:
    """With drop_oldest a full spool gives up its oldest ticks, declares them, and goes on."""
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    assert fill(spool, clock, 1, 400) == list(range(1, 401))
    ticks, gaps = contents(spool)
    assert gaps == [Gap(1, 400 - len(ticks), FULL)]
    assert ticks == list(range(401 - len(ticks), 401))
    assert spool.used_bytes() <= 20_000
    spool.close()


def test_drop_newest_keeps_the_oldest(tmp_path: Path, clock: ManualClock) -> None:
    """With drop_newest a full spool keeps what it has; new ticks are counted as dropped once there is room."""
    spool = open_spool(tmp_path, clock, max_bytes=20_000, when_full="drop_newest")
    written = fill(spool, clock, 1, 400)
    assert written == list(range(1, len(written) + 1))
    spool.release(spool.last, epoch=1)
    assert fill(spool, clock, 401, 401) == [401]
    ticks, gaps = contents(spool)
    assert ticks == [401]
    assert gaps == [Gap(len(written) + 1, 400, FULL)]
    spool.close()


def test_delivered_ticks_go_first(tmp_path: Path, clock: ManualClock) -> None:
    """No tick that is waiting is dropped while delivered ones take room, however young they are."""
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    fill(spool, clock, 1, 60)
    spool.release(60, epoch=1)
    fill(spool, clock, 61, 80)
    ticks, gaps = contents(spool)
    assert (ticks, gaps) == ([*range(61, 81)], [])
    spool.close()


def test_what_was_dropped_is_still_known_after_a_crash(tmp_path: Path, clock: ManualClock) -> None:
    """The declaration of dropped ticks is on disk with the tick that took their room."""
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    fill(spool, clock, 1, 400)
    before = contents(spool)
    crash(spool)
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    assert contents(spool) == before
    spool.close()


def test_other_gaps_survive_the_drop_of_their_file(tmp_path: Path, clock: ManualClock) -> None:
    """A gap declared in a file that is dropped keeps its own reason."""
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    fill(spool, clock, 1, 3)
    spool.skip(4, GapReason.AGENT_DOWN)
    fill(spool, clock, 8, 400)
    crash(spool)
    spool = open_spool(tmp_path, clock, max_bytes=20_000)
    _, gaps = contents(spool)
    assert gaps[:2] == [Gap(1, 3, FULL), Gap(4, 7, GapReason.AGENT_DOWN)]
    spool.close()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the kernel refuse to make any file larger than that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_on_file_sizes_starts_a_new_file(tmp_path: Path, clock: ManualClock) -> None:
    """Where a file must not grow any more, the spool goes on in another; no tick is torn."""
    spool = open_spool(tmp_path, clock)
    with largest_file(3000):
        assert fill(spool, clock, 1, 60) == list(range(1, 61))
    assert contents(spool) == ([*range(1, 61)], [])
    assert len(list(tmp_path.glob("*.spool"))) > 1
    spool.close()


def test_where_nothing_can_be_written_ticks_are_counted(tmp_path: Path, clock: ManualClock) -> None:
    """When a write fails for any reason, the agent goes on, and says how many ticks it could not keep."""
    spool = open_spool(tmp_path, clock)
    fill(spool, clock, 1, 3)
    with largest_file(0):
        assert fill(spool, clock, 4, 6) == []
    assert fill(spool, clock, 7, 8) == [7, 8]
    assert contents(spool) == ([1, 2, 3, 7, 8], [Gap(4, 6, FULL)])
    spool.close()


@pytest.mark.fault
@pytest.mark.parametrize("when_full", ["drop_oldest", "drop_newest"])
def test_a_full_disk_loses_nothing_silently(tmp_path: Path, clock: ManualClock, when_full: str) -> None:
    """On a disk that is full for real, every tick is kept or counted, before and after a restart."""
    with small_disk(tmp_path / "disk", 256 << 10) as disk:
        folder = disk / "spool"
        spool = open_spool(folder, clock, when_full=when_full)
        fill(spool, clock, 1, 50)
        ballast = fill_disk(disk)
        fill(spool, clock, 51, 150)
        ballast.unlink()
        fill(spool, clock, 151, 160)
        before = contents(spool)
        crash(spool)
        spool = open_spool(folder, clock, when_full=when_full)
        assert contents(spool) == before
        assert spool.last == 160
        assert {gap.reason for gap in before[1]} <= {FULL}
        assert before[0][-10:] == list(range(151, 161))
        spool.close()


def test_little_space_for_others_is_respected(tmp_path: Path, clock: ManualClock) -> None:
    """A spool that may not take the disk's last bytes drops ticks instead, and says so."""
    spool = open_spool(tmp_path, clock, min_free_bytes=1 << 60, when_full="drop_newest")
    assert fill(spool, clock, 1, 3) == []
    assert spool.last == 0
    spool.close()


@pytest.mark.fault
def test_a_folder_that_becomes_read_only_stops_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """While the spool cannot be written, ticks are counted as lost; when it can, collecting goes on as before."""
    folder = tmp_path / "spool"
    spool = open_spool(folder, clock)
    fill(spool, clock, 1, 2)
    spool.close()
    with unwritable(folder), pytest.raises(SpoolError, match="cannot be written"):
        open_spool(folder, clock)
    spool = open_spool(folder, clock)
    with unwritable(folder):
        assert fill(spool, clock, 3, 5) == []
    assert fill(spool, clock, 6, 6) == [6]
    assert contents(spool) == ([1, 2, 6], [Gap(3, 5, FULL)])
    spool.close()
