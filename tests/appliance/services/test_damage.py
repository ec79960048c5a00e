"""Reports of readers that met damage."""

import asyncio
import contextlib
import threading

import pytest

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.errors import StorageFailedError
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.storage import ListManifest, segment
from tests.support.upkeep import DAMAGED, Shelved

SEGMENT = segment(day=1)
NAME = SEGMENT.name


@pytest.fixture
def shelved() -> Shelved:
    return Shelved(ListManifest([SEGMENT]), InstantBarrier(), ManualClock())


def damaged(shelved: Shelved) -> bool:
    return bool(shelved.manifest.segments[0].damaged_ms)


async def test_a_report_sets_aside_before_anything_is_looked_at(shelved: Shelved) -> None:
    """Answers go on without the segment at once; that it is really damaged is found out afterwards."""
    shelved.shelf.found[NAME] = DAMAGED
    shelved.upkeep.reports.report(NAME)
    await shelved.upkeep.reports.step()
    assert damaged(shelved)
    assert shelved.changes.aside == [(NAME, True)]
    assert shelved.shelf.looked == [NAME]


async def test_a_bad_copy_of_a_whole_object_is_back_at_once(shelved: Shelved) -> None:
    """Where the object store has the segment whole, a report costs one look, and the segment answers again."""
    shelved.shelf.found[NAME] = Copies(Copy.DAMAGED, Copy.WHOLE)
    shelved.upkeep.reports.report(NAME)
    await shelved.upkeep.reports.step()
    assert not damaged(shelved)
    assert shelved.changes.aside == [(NAME, True), (NAME, False)]


async def test_many_reports_of_one_segment_are_one(shelved: Shelved) -> None:
    """However many readers meet the same damage, it is looked into once."""
    shelved.shelf.found[NAME] = DAMAGED
    for _ in range(50):
        shelved.upkeep.reports.report(NAME)
    await shelved.upkeep.reports.step()
    assert shelved.shelf.looked == [NAME]


async def test_what_is_reported_again_though_whole_stays_aside(shelved: Shelved) -> None:
    """A segment whose bytes are right and that readers still cannot read does not come and go for ever."""
    for _ in range(3):
        shelved.upkeep.reports.report(NAME)
        await shelved.upkeep.reports.step()
    assert damaged(shelved)
    assert shelved.changes.aside == [(NAME, True), (NAME, False), (NAME, True)]


async def test_a_report_of_what_is_not_in_force_is_none(shelved: Shelved) -> None:
    """A reader that was late with an old manifest changes nothing."""
    shelved.upkeep.reports.report("raw-day-20200101-gone.sqlite")
    await shelved.upkeep.reports.step()
    assert not shelved.changes.aside


async def test_a_failure_to_look_does_not_end_the_service(shelved: Shelved) -> None:
    """While the store is down a reported segment stays aside, and the next report is looked into."""
    other = segment(day=2)
    shelved.manifest.segments.append(other)
    shelved.shelf.is_down = True
    for name in (NAME, other.name):
        shelved.upkeep.reports.report(name)
    await shelved.upkeep.reports.step()
    assert [one.name for one in shelved.manifest.segments if one.damaged_ms] == [NAME, other.name]


async def test_reports_come_from_any_thread(shelved: Shelved) -> None:
    """Readers in worker threads are heard while the service runs, and before it began."""
    shelved.shelf.found[NAME] = DAMAGED
    running = asyncio.create_task(shelved.upkeep.reports.run())
    await asyncio.sleep(0)
    thread = threading.Thread(target=shelved.upkeep.reports.report, args=(NAME,))
    thread.start()
    async with asyncio.timeout(30):
        while not shelved.shelf.looked:  # noqa: ASYNC110 - the thread that looks tells nobody
            await asyncio.sleep(0.01)
    thread.join()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert damaged(shelved)


def test_a_report_after_the_end_is_harmless(shelved: Shelved) -> None:
    """A reader that outlives the loop is not punished for its report."""

    async def begin_and_end() -> None:
        running = asyncio.create_task(shelved.upkeep.reports.run())
        await asyncio.sleep(0)
        running.cancel()

    asyncio.run(begin_and_end())
    shelved.upkeep.reports.report(NAME)


async def test_a_commit_that_fails_does_not_end_the_service() -> None:
    """What cannot be committed is said, and the service goes on."""
    shelved = Shelved(ListManifest([SEGMENT]), InstantBarrier(), ManualClock())
    shelved.changes.error = StorageFailedError("The aggregator could not commit.")
    shelved.upkeep.reports.report(NAME)
    await shelved.upkeep.reports.step()
    assert not damaged(shelved)
