"""Drills over a real database and a replica in memory."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.changes import Change, DropOldest
from sysmon_appliance.domain.drills import Drill, NoteDrill
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.segments import HOUR_MS
from sysmon_appliance.errors import NotDurableError, StorageFullError
from sysmon_appliance.services.drilling import SCRATCH, Bench, Drills
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.counting import DatabaseCounter
from tests.support.audit import a_change
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.live import appends, commit, gap_row, live
from tests.support.pushes import NOW_MS

PATH = "epoch-00000001-aa"


class Led:
    """A database that lives, its replica, and drills of it."""

    def __init__(self, folder: Path, database: LiveDatabase, *, last: Drill | None = None, hours: int = 24) -> None:
        self.clock = ManualClock(wall_ms=NOW_MS)
        self.barrier = InstantBarrier()
        self.store = FakeReplicaStore(self.clock)
        self.database = database
        self.scratch = folder / f"{SCRATCH}{PATH}"
        self.passed: list[str] = []
        self._mark = 0
        self._replication = self.store.replicate(database.path, PATH)
        bench = Bench(self.store, PATH, DatabaseCounter(), database.path, self.scratch)
        self.drills = Drills(
            bench,
            self.barrier,
            self.clock,
            last=last,
            every_hours=hours,
            on_passed=lambda: self.passed.append("passed"),
        )

    def commit(self, *changes: Change) -> None:
        """Commit a group with a mark behind it."""
        self._mark += 1
        assert commit(self.database, *changes, Mark(self._mark)) is None

    def sync(self) -> None:
        self._replication.sync()

    @property
    def outcomes(self) -> list[Drill]:
        return [change.drill for change in self.barrier.committed if isinstance(change, NoteDrill)]

    async def run_briefly(self) -> None:
        """Let what is due happen."""
        running = asyncio.create_task(self.drills.run())
        for _ in range(3):
            await asyncio.sleep(0.01)
        while self.drills.newest is not None and not self.drills.newest.ended_ms:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def led(tmp_path: Path) -> Iterator[Led]:
    with live(tmp_path / "live") as database:
        led = Led(tmp_path, database)
        led.commit(*appends(1, 20), a_change(1))
        led.commit(gap_row(21, Gap(21, 30, GapReason.HOST_DOWN)), a_change(2))
        led.sync()
        yield led


async def test_a_drill_restores_and_compares(led: Led) -> None:
    """A drill restores the newest, tells what came back and how long it took, keeps that, and leaves nothing behind."""
    drill = await led.drills.drill()
    assert drill.passed, drill.problem
    assert (drill.path, drill.txid) == (PATH, 1)
    assert drill.counts["ticks"] == 21
    assert drill.counts["audit"] == 2
    assert drill.restored_bytes > 0
    assert led.outcomes == [drill]
    assert led.passed == ["passed"]
    assert not led.scratch.exists()


async def test_what_an_earlier_process_left_is_cleared(led: Led, tmp_path: Path) -> None:
    """The scratch folder of a drill that was cut off goes with the next one."""
    left = tmp_path / f"{SCRATCH}epoch-00000000-zz"
    left.mkdir()
    (left / "restored.sqlite").write_text("half")
    assert (await led.drills.drill()).passed
    assert not left.exists()


async def test_life_goes_on_meanwhile(led: Led) -> None:
    """What is stored, sealed and changed after the restored moment is no difference."""
    led.commit(*appends(32, 5), a_change(3))
    led.commit(DropOldest(10))
    drill = await led.drills.drill()
    assert "mark" in drill.problem  # nothing has put these into the replica
    led.sync()
    led.commit(*appends(37, 5))
    drill = await led.drills.drill()
    assert "mark" in drill.problem
    led.sync()
    assert (await led.drills.drill()).passed


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM bodies WHERE id = 5", "batches"),
        ("DELETE FROM hosts", "refers to none"),
        ("DELETE FROM gaps", "gaps"),
        ("UPDATE streams SET base_stored = 7", "ledger"),
        ("UPDATE meta SET value = 'other' WHERE name = 'cluster'", "another cluster"),
        ("DROP TRIGGER audit_is_not_changed; UPDATE audit SET hash = 'x' WHERE number = 2", "audit log"),
    ],
)
async def test_what_came_back_otherwise_is_found(led: Led, tmp_path: Path, statement: str, problem: str) -> None:
    """Whatever is missing or changed in what was restored fails the drill, in words."""
    tampered = tmp_path / "tampered"
    state = led.store.found[PATH].states[-1]
    tampered.write_bytes(state.content)
    with contextlib.closing(apsw.Connection(str(tampered))) as connection:
        connection.execute(statement)
    led.store.found[PATH].states[-1] = type(state)(state.txid, state.wall_ms, tampered.read_bytes())
    drill = await led.drills.drill()
    assert problem in drill.problem
    assert not led.passed
    assert led.outcomes == [drill]


async def test_damaged_pages_are_found(led: Led) -> None:
    """A page that is not what was written fails the drill, and does no harm beside it."""
    state = led.store.found[PATH].states[-1]
    content = bytearray(state.content)
    content[3 * 4096 : 3 * 4096 + 64] = b"\xff" * 64
    led.store.found[PATH].states[-1] = type(state)(state.txid, state.wall_ms, bytes(content))
    drill = await led.drills.drill()
    assert drill.problem
    assert not led.scratch.exists()


async def test_a_store_that_is_gone_fails_the_drill(led: Led) -> None:
    """A replica that does not answer is a failed drill, which is tried again within the hour."""
    led.store.is_down = True
    drill = await led.drills.drill()
    assert drill.problem == "The replica is down."
    led.store.is_down = False
    led.clock.advance(1800)
    await led.run_briefly()
    assert len(led.outcomes) == 1
    led.clock.advance(1800)
    await led.run_briefly()
    assert [one.passed for one in led.outcomes] == [False, True]


async def test_drills_come_when_it_is_time(led: Led) -> None:
    """Nothing is restored right after a start; then a drill runs, and the next one only after the hours between."""
    await led.run_briefly()
    assert led.outcomes == []
    led.clock.advance(700)
    await led.run_briefly()
    await led.run_briefly()
    assert len(led.outcomes) == 1
    led.clock.advance(24 * 3600)
    await led.run_briefly()
    assert len(led.outcomes) == 2


async def test_a_drill_of_another_leader_counts(tmp_path: Path) -> None:
    """After a takeover, a drill is due when it would have been due without it; with 0 hours none ever is."""
    with live(tmp_path / "live") as database:
        for hours in (24, 0):
            last = Drill(NOW_MS - 23 * HOUR_MS, NOW_MS - 23 * HOUR_MS + 1)
            led = Led(tmp_path, database, last=last, hours=hours)
            led.clock.advance(700)
            await led.run_briefly()
            assert led.outcomes == []


async def test_a_drill_is_ordered(led: Led) -> None:
    """Whoever may can have a drill at once, which is put on record; what cannot be recorded is not done."""
    await led.drills.ask(OPERATOR)
    await led.run_briefly()
    assert [entry.action for entry in led.barrier.audited] == ["backup.drill"]
    assert [drill.passed for drill in led.outcomes] == [True]
    led.barrier.error = StorageFullError("The disk is full.")
    with pytest.raises(StorageFullError):
        await led.drills.ask(OPERATOR)


async def test_a_replica_that_does_not_keep_up_is_told_as_such(led: Led) -> None:
    """Where nothing becomes durable, a drill says that, and restores nothing."""
    led.barrier.error = NotDurableError("It is not certain yet.")
    drill = await led.drills.drill()
    assert drill.problem == "Nothing becomes durable at this moment, so there is nothing to compare."
    assert led.drills.newest == drill


async def test_without_room_nothing_is_restored(led: Led) -> None:
    """A disk that has no room for a second database is not filled by a drill."""
    with led.database.path.with_name("live.sqlite-more").open("wb") as sparse:
        sparse.truncate(1 << 43)
    drill = await led.drills.drill()
    assert "MB are free" in drill.problem


async def test_whatever_fails_is_a_failed_drill(led: Led) -> None:
    """A drill that cannot even begin ends as one that failed, and the aggregator goes on."""
    led.scratch.write_text("in the way")
    drill = await led.drills.drill()
    assert drill.problem == "The drill could not be done; the log says why."


def test_the_outcome_is_known_after_a_restart(tmp_path: Path) -> None:
    """The newest drill is read back as it ended."""
    drill = Drill(NOW_MS, NOW_MS + 1, PATH, 7, 4096, 0.25, "It is broken.", "sysmon backup list", {"hosts": 1})
    with live(tmp_path) as database:
        assert database.state.drill is None
        assert commit(database, NoteDrill(drill)) is None
    with live(tmp_path) as database:
        assert database.state.drill == drill
