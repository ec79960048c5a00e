"""Keeping the head within its bounds."""

from pathlib import Path

import pytest

from sysmon_appliance.config import HeadSettings
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.retention import Retention
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.clock import ManualClock
from tests.support.live import append, appends, commit, live
from tests.support.pushes import NOW_MS

DAY_MS = 86_400_000
SMALLEST = 1 << 24


def retention(
    database: LiveDatabase, *, max_age_days: int = 7, max_bytes: int = SMALLEST, clock: ManualClock | None = None
) -> Retention:
    clock = clock or ManualClock(wall_ms=NOW_MS + 10 * DAY_MS)
    settings = HeadSettings(max_age_seconds=max_age_days * 86_400, max_bytes=max_bytes)
    return Retention(database.usage, GroupCommit(database.writer, clock, gather_milliseconds=1), clock, settings)


def kept(database: LiveDatabase) -> int:
    return sum(1 for _ in database.head.batches(1, 0, 1 << 60))


def file_bytes(folder: Path) -> int:
    """Size of a database that was closed."""
    return (folder / FILE_NAME).stat().st_size


async def test_batches_beyond_their_age_leave_the_head(tmp_path: Path) -> None:
    """Batches that came longer ago than the head's age are removed, the others stay."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 30), *appends(31, 20, received_ms=NOW_MS + 9 * DAY_MS))
        keeper = retention(database)
        assert await keeper.step()
        assert not await keeper.step()
        assert kept(database) == 20


async def test_nothing_is_removed_within_the_bounds(tmp_path: Path) -> None:
    """A head within its age and size is left alone."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 30))
        assert not await retention(database, max_age_days=11).step()
        assert kept(database) == 30


@pytest.mark.parametrize("wrong_days", [-100, 100])
async def test_a_clock_that_was_wrong_for_a_while_removes_nothing_later(tmp_path: Path, wrong_days: int) -> None:
    """Batches that came while the clock was wrong take no others with them, and go with their neighbours."""
    with live(tmp_path) as database:
        wrong = append(31, received_ms=NOW_MS + wrong_days * DAY_MS)
        commit(database, *appends(1, 30), wrong, *appends(32, 10))
        assert not await retention(database, clock=ManualClock(wall_ms=NOW_MS + 6 * DAY_MS)).step()
        assert await retention(database).step()
        assert kept(database) == 0


async def test_a_clock_that_jumps_ahead_removes_nothing_for_a_day(tmp_path: Path) -> None:
    """A date that is set years ahead by mistake costs no history when it is put right within a day."""
    clock = ManualClock(wall_ms=NOW_MS)
    with live(tmp_path) as database:
        commit(database, *appends(1, 30))
        keeper = retention(database, clock=clock)
        clock.wall += 3650 * DAY_MS
        assert not await keeper.step()
        clock.advance(80_000)
        assert not await keeper.step()
        clock.wall -= 3650 * DAY_MS
        assert not await keeper.step()
        assert kept(database) == 30


async def test_a_clock_that_stays_ahead_is_believed_after_a_day(tmp_path: Path) -> None:
    """A host that began in the wrong year removes old batches again a day after its clock was put right."""
    clock = ManualClock(wall_ms=NOW_MS)
    with live(tmp_path) as database:
        commit(database, *appends(1, 30))
        keeper = retention(database, clock=clock)
        clock.wall += 3650 * DAY_MS
        assert not await keeper.step()
        clock.advance(DAY_MS // 1000)
        assert await keeper.step()


async def test_an_empty_head_is_left_alone(tmp_path: Path) -> None:
    """Where nothing was stored nothing is removed."""
    with live(tmp_path) as database:
        assert not await retention(database).step()


async def test_much_is_removed_in_small_steps(tmp_path: Path) -> None:
    """Old batches go a thousand at a time, so that commits of agents do not wait."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 2500))
        keeper = retention(database)
        left = [kept(database) for _ in range(4) if await keeper.step()]
        assert left == [1500, 500, 0]


async def test_a_head_that_is_too_large_loses_its_oldest(tmp_path: Path) -> None:
    """When the database is larger than it may be, the oldest batches go, and their pages are used again."""
    with live(tmp_path) as database:
        body = bytes(40_000)
        commit(database, *(append(number, body=body) for number in range(1, 1101)))
        assert database.usage.used_bytes() > SMALLEST
        keeper = retention(database, max_age_days=11)
        assert await keeper.step()
        assert not await keeper.step()
        assert database.usage.used_bytes() < SMALLEST
        assert len(database.head._index.find(1, 0, 1 << 60)) == 100


async def test_pages_that_were_freed_go_back_to_the_filesystem(tmp_path: Path) -> None:
    """After much was removed the file becomes smaller, without a long pause."""
    with live(tmp_path) as database:
        commit(database, *(append(number, body=bytes(40_000)) for number in range(1, 301)))
        keeper = retention(database)
        await keeper.step()
    assert file_bytes(tmp_path) < 6_000_000
