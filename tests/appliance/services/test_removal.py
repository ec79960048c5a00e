"""Removing from the head what is in segments."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.errors import StorageFullError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.services.removal import READERS_MS, Removal
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.clock import ManualClock
from tests.support.live import append, appends, commit, live
from tests.support.storage import segment


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LiveDatabase]:
    with live(tmp_path) as opened:
        yield opened


class Parts:
    """A removal, and what it stands on."""

    def __init__(self, database: LiveDatabase, *, sealed_up_to: int = 0, max_bytes: int = 1 << 40) -> None:
        self.clock = ManualClock()
        self.room = HeadRoom(max_bytes)
        barrier = GroupCommit(database.writer, self.clock, gather_milliseconds=1)
        self.changes = ManifestChanges(database.manifest, barrier, self.clock, sealed_up_to=sealed_up_to, last_number=0)
        self.removal = Removal(database.usage, self.changes, barrier, self.clock, room=self.room)
        self._database = database

    async def seal(self, after: int, up_to: int) -> None:
        """Let batches be in a segment from now on, as far as the manifest knows."""
        await self.changes.swap([segment(day=up_to)], sealed_after=after, sealed_up_to=up_to)

    def left(self) -> int:
        """Count the batches that are in the head's file."""
        return self._database.usage.facts(0).rows


async def test_sealed_batches_stay_for_a_minute(database: LiveDatabase) -> None:
    """Who began to read before the seal still finds them; after that they go."""
    commit(database, *appends(1, 30))
    parts = Parts(database)
    await parts.seal(0, 30)
    assert not await parts.removal.step()
    parts.clock.advance(READERS_MS / 1000 - 1)
    assert not await parts.removal.step()
    parts.clock.advance(1)
    assert await parts.removal.step()
    assert parts.left() == 0


async def test_what_is_not_sealed_is_never_removed(database: LiveDatabase) -> None:
    """However old a batch is, it leaves the head for a segment or not at all."""
    commit(database, *appends(1, 30))
    parts = Parts(database)
    await parts.seal(0, 20)
    parts.clock.advance(86_400 * 365)
    await parts.removal.step()
    parts.clock.advance(86_400 * 365)
    await parts.removal.step()
    assert parts.left() == 10


async def test_a_seal_after_another_does_not_hurry_it(database: LiveDatabase) -> None:
    """Each seal has its own minute."""
    commit(database, *appends(1, 30))
    parts = Parts(database)
    await parts.seal(0, 10)
    await parts.removal.step()
    parts.clock.advance(40)
    await parts.seal(10, 30)
    await parts.removal.step()
    parts.clock.advance(40)
    await parts.removal.step()
    assert parts.left() == 20
    parts.clock.advance(20)
    await parts.removal.step()
    assert parts.left() == 0


async def test_much_is_removed_in_small_steps(database: LiveDatabase) -> None:
    """Batches go a thousand at a time, so that commits of agents do not wait."""
    commit(database, *appends(1, 2500))
    parts = Parts(database)
    await parts.seal(0, 2500)
    await parts.removal.step()
    parts.clock.advance(61)
    assert [parts.left() for _ in range(4) if await parts.removal.step()] == [1500, 500, 0]


async def test_after_a_start_what_was_sealed_before_goes(database: LiveDatabase) -> None:
    """A restart between the seal and the removal only delays it."""
    commit(database, *appends(1, 5))
    parts = Parts(database, sealed_up_to=5)
    assert not await parts.removal.step()
    parts.clock.advance(61)
    assert await parts.removal.step()


async def test_removed_ticks_stay_counted(tmp_path: Path) -> None:
    """The ledger never forgets: what left the head is in its stream's account."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 30))
        parts = Parts(database)
        await parts.seal(0, 30)
        await parts.removal.step()
        parts.clock.advance(61)
        await parts.removal.step()
    with live(tmp_path) as database:
        [stream] = database.state.streams
        assert (stream.last, stream.stored, stream.balanced) == (30, 30, True)
        assert database.state.next_batch == 31


async def test_the_room_is_measured(database: LiveDatabase) -> None:
    """What the head holds is known a moment after it has grown."""
    commit(database, *(append(number, body=bytes(40_000)) for number in range(1, 101)))
    parts = Parts(database, max_bytes=1 << 20)
    parts.room.take(1)
    await parts.removal.step()
    with pytest.raises(StorageFullError):
        parts.room.take(1)
