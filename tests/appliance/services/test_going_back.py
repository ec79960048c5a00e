"""Going back to a moment over real databases and real segments."""

import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.backups import Beginning, Target
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Level
from sysmon_appliance.errors import ConflictError, NotLeaderError, ReplicaBrokenError, StorageFullError
from sysmon_appliance.services.restoring import Present, Restoration
from sysmon_appliance.sqlite.live import FILE_NAME
from sysmon_appliance.sqlite.restoring import RestoredFile
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.storekeeping import Store, every

BEGIN_MS = 20_000 * DAY_MS
PATH, NEXT = "epoch-00000001-aa", "epoch-00000002-bb"
STEP_MS = 300_000
HOUR_TICKS = HOUR_MS // STEP_MS
_REMOVAL_SECONDS = 61  # that pass when rows leave the head


@dataclass
class Terms:
    """A TermControl that a test carries out."""

    begun: list[Beginning] = field(default_factory=list)
    error: Exception | None = None

    def restart_with(self, beginning: Beginning) -> None:
        if self.error:
            raise self.error
        self.begun.append(beginning)


class Region:
    """A store whose live database is replicated, and the way back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(wall_ms=BEGIN_MS)
        self.replica = FakeReplicaStore(self.clock)
        self.terms = Terms()

    @contextlib.contextmanager
    def led(self, path: str = PATH) -> Iterator[Store]:
        with Store.opened(self.folder, self.clock) as store:
            self.replication = self.replica.replicate(store.database.path, path)
            self.sender = store.sender()
            yield store

    def passes(self, store: Store, hours: int) -> None:
        """Let hours pass in which one host sends and the head is sealed; each hour's end reaches the replica."""
        for _ in range(hours):
            self.sender.send(every(self.clock.wall_ms(), HOUR_TICKS, STEP_MS))
            self.clock.advance(HOUR_MS / 1000 - _REMOVAL_SECONDS)
            store.run()
            store.remove()
            self.replication.sync()

    def does_something(self, store: Store, chance: random.Random) -> None:
        """Let an hour's ticks come, or some of the time pass in which they are sealed, merged and removed."""
        match chance.choice(("send", "send", "wait", "work", "remove")):
            case "send":
                self.sender.send(every(self.clock.wall_ms(), HOUR_TICKS, STEP_MS))
                self.clock.advance(HOUR_MS / 1000)
            case "wait":
                self.clock.advance(chance.randrange(3 * 3600))
            case "work":
                store.run(steps=chance.randrange(1, 4))
            case "remove":
                store.remove()

    def restoration(self, store: Store) -> Restoration:
        present = Present(store.database.path, store.database.manifest, store.shelf.names)
        return Restoration(
            self.replica,
            RestoredFile(),
            present,
            terms=self.terms,
            clock=self.clock,
            new_folder=self._new_folder,
        )

    def back(self, store: Store, target: Target) -> Beginning:
        asyncio.run(self.restoration(store).restore(OPERATOR, target))
        return self.terms.begun.pop()

    def begin(self, beginning: Beginning) -> None:
        """Do between two terms what ends the one and begins the other."""
        live = self.folder / "live" / FILE_NAME
        beginning.finish(live)
        for file in live.parent.glob(f"{FILE_NAME}*"):
            file.rename(file.with_name(f"given-up-{file.name}"))
        (beginning.folder / FILE_NAME).rename(live)

    def _new_folder(self) -> Path:
        folder = self.folder / f"restored-{self.clock.wall_ms()}"
        folder.mkdir()
        return folder


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path)


def hours_of(store: Store) -> list[int]:
    """List the hours of which something is stored, after a look that nothing is stored twice."""
    times = store.times()
    assert set(times.values()) <= {1}
    return sorted({(t - BEGIN_MS) // HOUR_MS for t in times})


def test_history_is_what_it_was_then_and_nothing_is_there_twice(region: Region) -> None:
    """Whatever was sealed, merged and dropped since, a moment's ticks are all there once, in head or segments."""
    with region.led() as store:
        region.passes(store, 30)
        then_ms = region.clock.wall_ms()
        before = store.times()
        region.passes(store, 30)  # days are merged over what was in force
        assert {one.level for one in store.segments()} == {Level.SEALED, Level.DAY}
        assert hours_of(store) == list(range(60))
        beginning = region.back(store, Target(PATH, then_ms))
    region.begin(beginning)
    with region.led(NEXT) as store:
        assert store.times() == before
        assert len(store.database.manifest.dropped()) > 0


@pytest.mark.parametrize("seed", range(6))
def test_any_moment_comes_back_as_it_was(region: Region, seed: int) -> None:
    """Wherever a moment falls between storing, sealing, merging and removing, its ticks come back, each once."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    moments: list[tuple[int, Mapping[int, int]]] = []
    with region.led() as store:
        for _ in range(60):
            region.does_something(store, chance)
            region.replication.sync()
            moments.append((region.clock.wall_ms(), store.times()))
            region.clock.advance(1)
        then_ms, before = chance.choice(moments)
        beginning = region.back(store, Target(PATH, then_ms))
    region.begin(beginning)
    with region.led(NEXT) as store:
        assert store.times() == before
        for _ in range(20):
            region.does_something(store, chance)
        assert set(store.times().values()) == {1}
        assert store.times().keys() >= before.keys()


def test_the_stream_goes_on_where_it_was(region: Region) -> None:
    """Agents send again what they still have; what they cannot becomes a gap, and the ledger adds up."""
    with region.led() as store:
        region.passes(store, 5)
        then_ms = region.clock.wall_ms()
        region.passes(store, 5)
        last_ms = region.clock.wall_ms()
        beginning = region.back(store, Target(PATH, then_ms))
    region.begin(beginning)
    with region.led(NEXT) as store:
        assert region.sender.next == 5 * HOUR_TICKS + 1
        lost = Gap(region.sender.next, 9 * HOUR_TICKS, GapReason.RESTORED)
        region.sender.send(every(last_ms - HOUR_MS, HOUR_TICKS, STEP_MS), skipped=[lost])
        store.run()
        assert hours_of(store) == [0, 1, 2, 3, 4, 9]
    with region.led() as store:
        (stream,) = store.database.state.streams
        assert stream.balanced
        assert stream.missing == {GapReason.RESTORED: 4 * HOUR_TICKS}


def test_files_of_what_was_given_up_wait_and_then_go(region: Region) -> None:
    """Segments that came later stay for as long as any dropped segment does, and are deleted then."""
    with region.led() as store:
        region.passes(store, 5)
        then_ms = region.clock.wall_ms()
        region.passes(store, 5)
        later = {one.name for one in store.segments()}
        beginning = region.back(store, Target(PATH, then_ms))
    region.begin(beginning)
    with region.led(NEXT) as store:
        later -= {one.name for one in store.segments()}
        region.clock.advance(20 * 3600)
        store.run()
        assert later <= set(store.shelf.names())
        region.clock.advance(5 * 3600)
        store.run()
        assert not later & set(store.shelf.names())
        assert hours_of(store) == [0, 1, 2, 3, 4]


def test_going_back_can_be_undone(region: Region) -> None:
    """What was given up is in its own path, and going back to it brings back all that was stored."""
    with region.led() as store:
        region.passes(store, 8)
        then_ms = region.clock.wall_ms()
        region.passes(store, 8)
        late_ms, before = region.clock.wall_ms(), store.times()
        beginning = region.back(store, Target(PATH, then_ms))
    region.begin(beginning)
    with region.led(NEXT) as store:
        region.passes(store, 2)
        undoing = region.back(store, Target(PATH, late_ms))
    region.begin(undoing)
    with region.led("epoch-00000003-cc") as store:
        assert store.times() == before
        actions = [entry.members["action"] for entry in store.database.audit.entries()]
        assert actions == ["backup.restore"] * 2


def test_a_moment_whose_files_are_deleted_is_refused(region: Region) -> None:
    """Where segments of a moment are gone by now, nothing is restored and the present goes on."""
    with region.led() as store:
        region.passes(store, 30)
        then_ms = region.clock.wall_ms()
        region.passes(store, 30)
        region.clock.advance(26 * 3600)
        store.run()
        with pytest.raises(ConflictError, match="deleted"):
            region.back(store, Target(PATH, then_ms))
    assert not list(region.folder.glob("restored-*"))


def test_what_was_never_acknowledged_is_left_out(region: Region) -> None:
    """A moment at which more was replicated than the next epoch went on from is restored without that."""
    with region.led() as store:
        region.passes(store, 3)
        region.clock.advance(3)
        region.sender.send([region.clock.wall_ms()])
        region.replication.sync()
        beginning = region.back(store, Target(PATH, region.clock.wall_ms(), most_txid=3))
    assert (beginning.parent, beginning.parent_txid, beginning.origin) == (PATH, 3, "restored")


def test_what_has_nothing_acknowledged_is_refused(region: Region) -> None:
    """A path of which the next epoch went on from nothing that is left cannot be restored."""
    with region.led() as store:
        region.passes(store, 2)
        del region.replica.found[PATH].states[0]
        with pytest.raises(ReplicaBrokenError):
            region.back(store, Target(PATH, region.clock.wall_ms(), most_txid=1))
    assert not list(region.folder.glob("restored-*"))


def test_a_moment_that_was_given_up_names_its_path(region: Region) -> None:
    """A moment that only a path beside the line has is not replaced by an older one."""
    with region.led() as store:
        region.passes(store, 3)
        with pytest.raises(ConflictError, match=PATH):
            region.back(store, Target(PATH, region.clock.wall_ms(), most_txid=1, given_up=True))


@pytest.mark.parametrize("error", [NotLeaderError("agg-2 leads."), ConflictError("A handoff is under way.")])
def test_who_may_not_begin_a_term_restores_nothing(region: Region, error: Exception) -> None:
    """Where no other term can begin, what was restored is deleted."""
    with region.led() as store:
        region.passes(store, 2)
        region.terms.error = error
        with pytest.raises(type(error)):
            region.back(store, Target(PATH, region.clock.wall_ms()))
    assert not list(region.folder.glob("restored-*"))


def test_without_room_nothing_is_restored(region: Region) -> None:
    """A disk that has no room for a second database is not filled by a restore."""
    with region.led() as store:
        region.passes(store, 1)
        with store.database.path.with_name(f"{FILE_NAME}-more").open("wb") as sparse:
            sparse.truncate(1 << 43)
        with pytest.raises(StorageFullError):
            region.back(store, Target(PATH, region.clock.wall_ms()))
