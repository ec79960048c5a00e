"""Changes of the manifest: who comes second is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.domain.segments import Level
from sysmon_appliance.errors import ConflictError, StorageFailedError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.live import append, commit, live
from tests.support.storage import segment

ONE, OTHER = segment(day=1), segment(day=2)
MERGED = segment(day=3, level=Level.MONTH)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LiveDatabase]:
    with live(tmp_path) as opened:
        yield opened


def changes_of(database: LiveDatabase) -> ManifestChanges:
    clock = ManualClock()
    barrier = GroupCommit(database.writer, clock, gather_milliseconds=1)
    return ManifestChanges(database.manifest, barrier, clock, sealed_up_to=0, last_number=0)


def names(database: LiveDatabase) -> list[str]:
    return [each.name for each in database.manifest.all()]


async def test_segments_take_the_place_of_others(database: LiveDatabase) -> None:
    """What was merged goes in the commit that brings what it became; numbers rise."""
    changes = changes_of(database)
    added = await changes.swap([ONE, OTHER])
    assert [each.number for each in added] == [1, 2]
    [merged] = await changes.swap([MERGED], [ONE.name, OTHER.name])
    assert merged.number == 3
    assert names(database) == [MERGED.name]
    assert [each.name for each in database.manifest.dropped()] == [ONE.name, OTHER.name]


async def test_a_segment_is_dropped_once(database: LiveDatabase) -> None:
    """Who merges what another has merged already is refused, and adds nothing."""
    changes = changes_of(database)
    await changes.swap([ONE])
    await changes.swap([OTHER], [ONE.name])
    with pytest.raises(ConflictError, match="not in force"):
        await changes.swap([MERGED], [ONE.name])
    assert names(database) == [OTHER.name]


async def test_two_that_drop_one_segment_at_the_same_time_do_not_both_succeed(database: LiveDatabase) -> None:
    """The second is refused while the first is being committed, too."""
    changes = changes_of(database)
    await changes.swap([ONE])
    first = asyncio.create_task(changes.swap([OTHER], [ONE.name]))
    await asyncio.sleep(0)
    with pytest.raises(ConflictError, match="under way"):
        await changes.swap([MERGED], [ONE.name])
    await first
    assert names(database) == [OTHER.name]


async def test_batches_are_sealed_once(database: LiveDatabase) -> None:
    """Of two processes that seal the same batches the second is refused, whatever else it has sealed."""
    commit(database, *(append(number) for number in range(1, 6)))
    changes = changes_of(database)
    await changes.swap([ONE], sealed_after=0, sealed_up_to=3)
    for up_to in (3, 5):
        with pytest.raises(ConflictError, match="sealed already"):
            await changes.swap([OTHER], sealed_after=0, sealed_up_to=up_to)
    await changes.swap([OTHER], sealed_after=3, sealed_up_to=5)
    assert changes.sealed_up_to == 5
    assert not list(database.head.batches(1, 0, 1 << 60))


async def test_what_could_not_be_committed_may_be_tried_again(database: LiveDatabase) -> None:
    """A commit that fails leaves everything as it was."""
    working = changes_of(database)
    await working.swap([ONE])
    failing = InstantBarrier(error=StorageFailedError("The disk is gone."))
    changes = ManifestChanges(database.manifest, failing, ManualClock(), sealed_up_to=0, last_number=1)
    for _ in range(2):
        with pytest.raises(StorageFailedError):
            await changes.swap([OTHER], [ONE.name], sealed_after=0, sealed_up_to=9)
    assert changes.sealed_up_to == 0
    assert names(database) == [ONE.name]


async def test_damage_is_noted_and_forgotten(database: LiveDatabase) -> None:
    """A segment that is set aside stays in the manifest, and comes back when it is whole."""
    changes = changes_of(database)
    await changes.swap([ONE])
    await changes.set_aside(ONE.name, damaged=True)
    assert database.manifest.all()[0].damaged_ms
    await changes.set_aside(ONE.name, damaged=False)
    assert not database.manifest.all()[0].damaged_ms


async def test_a_dropped_segment_is_forgotten_when_its_file_is_gone(database: LiveDatabase) -> None:
    """After that its name is nowhere."""
    changes = changes_of(database)
    await changes.swap([ONE])
    await changes.swap((), [ONE.name])
    await changes.forget([ONE.name])
    assert not database.manifest.all()
    assert not database.manifest.dropped()
