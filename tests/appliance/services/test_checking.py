"""Checks of all segments, when it is time and when somebody asks."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from sysmon_appliance.domain.integrity import Check, Copies, Copy, NoteCheck
from sysmon_appliance.domain.jobs import CheckSegments
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.errors import StorageError, StorageFullError
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.storage import DAY, ListManifest, segment
from tests.support.upkeep import DAMAGED, Shelved

SEGMENTS = [segment(day=DAY + number) for number in range(3)]
NAMES = [one.name for one in SEGMENTS]
NOW_MS = (DAY + 4) * DAY_MS


class Bench(Shelved):
    """Checks over three days of ticks."""

    def __init__(self, *, now_ms: int = NOW_MS, last_check: Check | None = None, check_days: int = 7) -> None:
        self.clock = ManualClock(wall_ms=now_ms)
        self.barrier = InstantBarrier()
        manifest = ListManifest(list(SEGMENTS))
        super().__init__(manifest, self.barrier, self.clock, last_check=last_check, check_days=check_days)
        self.checking = self.upkeep.checking

    async def run_until(self, is_over: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.checking.run())
        async with asyncio.timeout(30):
            while not is_over():  # noqa: ASYNC110 - what a check does has no event to wait for
                await asyncio.sleep(0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def run_briefly(self) -> None:
        turns = iter(range(100))
        await self.run_until(lambda: next(turns, None) is None)


async def test_every_segment_is_read_and_what_is_damaged_is_named() -> None:
    """A check reads all segments in force; its outcome is shown and kept."""
    bench = Bench()
    bench.shelf.found[NAMES[1]] = DAMAGED
    check = await bench.checking.check()
    assert check == Check(NOW_MS, of=3, checked=3, damaged=(NAMES[1],), ended_ms=NOW_MS)
    assert bench.checking.newest == check
    assert bench.shelf.looked == NAMES
    assert bench.barrier.committed == [NoteCheck(check)]
    assert [one.damaged_ms for one in bench.manifest.segments] == [0, NOW_MS, 0]


async def test_a_check_shows_how_far_it_is() -> None:
    """While it runs, a check tells how many segments it has read of how many."""
    bench = Bench()
    bench.manifest.segments = [replace(one, bytes=64 << 20) for one in SEGMENTS]
    seen: list[tuple[int, int, int]] = []

    def look() -> None:
        newest = bench.checking.newest
        assert newest
        seen.append((newest.checked, newest.of, newest.ended_ms))

    bench.shelf.on_look = look
    await bench.checking.check()
    assert seen == [(0, 3, 0), (1, 3, 0), (2, 3, 0)]
    assert bench.bench.progressed == [1 / 3, 2 / 3, 1]


async def test_sealing_has_its_turn_between_large_segments() -> None:
    """Large segments are read in jobs of their own, small ones together, so that nothing waits for long."""
    bench = Bench()
    first, second, third = SEGMENTS
    bench.manifest.segments = [replace(first, bytes=256 << 20), second, third]
    await bench.checking.check()
    assert bench.bench.jobs == [CheckSegments((bench.manifest.segments[0],)), CheckSegments((second, third))]
    assert bench.bench.alone_for == [JobName.CHECK, JobName.CHECK]


async def test_a_process_that_fails_leaves_segments_unread() -> None:
    """Where the reading itself fails, the segments count as unread, and the check goes on."""
    bench = Bench()
    bench.bench.error = StorageError("The compacting process was ended by signal 9.")
    check = await bench.checking.check()
    assert (check.checked, check.unread, check.damaged) == (3, 3, ())


async def test_copies_are_mended_on_the_way() -> None:
    """A bad copy of what is whole elsewhere is replaced, and is no damage."""
    bench = Bench()
    bench.shelf.found[NAMES[0]] = Copies(Copy.WHOLE, Copy.MISSING)
    assert not (await bench.checking.check()).damaged
    assert bench.shelf.found[NAMES[0]] == Copies(Copy.WHOLE, Copy.WHOLE)


async def test_what_nobody_could_look_at_is_counted() -> None:
    """While the object store is down a check sets nothing aside, and says how much it could not read."""
    bench = Bench()
    bench.shelf.is_down = True
    check = await bench.checking.check()
    assert (check.checked, check.unread, check.damaged) == (3, 3, ())
    assert not bench.changes.aside


async def test_who_asked_is_on_record() -> None:
    """A check that somebody asked for begins at once, and is in the audit log."""
    bench = Bench(check_days=0)
    await bench.checking.ask(OPERATOR)
    await bench.run_until(lambda: bool(bench.checking.newest and bench.checking.newest.ended_ms))
    assert [(entry.action, entry.actor) for entry in bench.barrier.audited] == [("storage.check", OPERATOR.actor)]
    assert bench.shelf.looked == NAMES


async def test_what_is_not_on_record_is_not_done() -> None:
    """Where the wish cannot be put on record, no check begins."""
    bench = Bench(check_days=0)
    bench.barrier.error = StorageFullError("The aggregator's disk is full.")
    with pytest.raises(StorageFullError):
        await bench.checking.ask(OPERATOR)
    await bench.run_briefly()
    assert not bench.shelf.looked


@pytest.mark.parametrize(
    ("days_later", "last_days_ago", "check_days", "is_due"),
    [
        (0, None, 7, False),
        (8, None, 7, True),
        (8, 8, 7, True),
        (8, 6, 7, False),
        (8, None, 0, False),
    ],
)
async def test_checks_come_when_it_is_time(
    days_later: int, last_days_ago: int | None, check_days: int, *, is_due: bool
) -> None:
    """A check begins when the oldest segment has gone unread for the days of the settings; 0 days means never."""
    now_ms = NOW_MS + days_later * DAY_MS
    last = None if last_days_ago is None else Check(1, 3, 3, ended_ms=now_ms - last_days_ago * DAY_MS)
    bench = Bench(now_ms=now_ms, last_check=last, check_days=check_days)
    await bench.run_briefly()
    if is_due:
        await bench.run_until(lambda: len(bench.shelf.looked) == 3)
    assert bool(bench.shelf.looked) == is_due


async def test_nothing_to_check_is_no_check() -> None:
    """Without segments no check begins by itself."""
    bench = Bench(now_ms=NOW_MS + 100 * DAY_MS)
    bench.manifest.segments.clear()
    await bench.run_briefly()
    assert bench.checking.newest is None


async def test_a_check_whose_outcome_cannot_be_kept_ends_nothing() -> None:
    """A commit that fails is said, the outcome of before stays, and the service goes on."""
    bench = Bench(now_ms=NOW_MS + 8 * DAY_MS)
    bench.barrier.error = StorageFullError("The aggregator's disk is full.")
    await bench.run_until(lambda: len(bench.shelf.looked) == 3)
    assert bench.checking.newest is None or not bench.checking.newest.ended_ms


def test_a_standby_shows_the_leaders_check() -> None:
    """What the leader has found is what every aggregator tells."""
    bench = Bench()
    check = Check(NOW_MS, of=3, checked=3, damaged=(NAMES[1],), ended_ms=NOW_MS)
    bench.checking.reload(check)
    assert bench.checking.newest == check
