"""Checks and repairs of real segments: what is found, what is made anew, and that it is the same as before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sysmon_appliance.domain.principals import Kind as PrincipalKind
from sysmon_appliance.domain.principals import Principal, Role
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level, Segment
from sysmon_appliance.segments.checks import check_rows
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.repair import Repaired
from sysmon_appliance.services.upkeep import Segments, Upkeep
from tests.support.clock import ManualClock
from tests.support.objects import damaged
from tests.support.storekeeping import Store, every

START_MS = 20_000 * DAY_MS
OPERATOR = Principal(PrincipalKind.SOCKET, "operator", Role.OPERATOR)


class Bench:
    """A store of two hosts and one day, sealed in four pieces and merged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        barrier = GroupCommit(store.database.writer, store.clock, gather_milliseconds=1)
        self.upkeep = Upkeep.over(
            Segments(store.database.manifest, store.side.changes, store.shelf, check_rows),
            barrier,
            store.clock,
            runner=store.runner,
            workshop=store.side.keeper,
            last_check=store.database.state.check,
            check_days=7,
        )

    def fill(self) -> None:
        senders = [self.store.sender(1), self.store.sender(2)]
        for hour in (1, 7, 13, 19):
            for sender in senders:
                sender.send(every(START_MS + hour * HOUR_MS, 200))
            self.run_at(START_MS + (hour + 3) * HOUR_MS)
        self.run_at(START_MS + DAY_MS + 3 * HOUR_MS)

    def send_late(self) -> None:
        """Let 50 ticks of that day come when it was merged already, and be merged themselves."""
        self.store.sender(1).send(every(START_MS + 10 * HOUR_MS, 50))
        for hours in (2, 4):
            self.run_at(START_MS + DAY_MS + (3 + hours) * HOUR_MS)

    def run_at(self, at_ms: int) -> None:
        """Let time pass, and do what is due then."""
        self.store.clock.advance((at_ms - self.store.clock.wall) / 1000)
        self.store.run()

    def one(self, kind: Kind) -> Segment:
        (segment,) = self.store.segments(kind)
        assert segment.level is Level.DAY
        return segment

    def damage(self, segment: Segment) -> Path:
        path = self.store.shelf.path(segment)
        path.write_bytes(damaged(path.read_bytes()))
        return path

    def check(self) -> tuple[str, ...]:
        return asyncio.run(self.upkeep.checking.check()).damaged

    def repair(self) -> Repaired:
        return asyncio.run(self.upkeep.repair.repair(OPERATOR))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock(wall_ms=START_MS)
    with Store.opened(tmp_path, clock) as store:
        bench = Bench(store)
        bench.fill()
        yield bench


def rollups(store: Store, kind: Kind) -> list[list[list[float]]]:
    """Read all rollups of both hosts: times, counts and sums."""
    found = []
    for host in (1, 2):
        for row in store.rows(host, kind):
            read = row.rollups()
            stats = read.read(np.arange(len(read.schema.schema.series)))
            found += [[read.t.tolist()], stats.count.tolist(), stats.total.tolist()]
    return found


def test_a_day_without_damage_is_whole(bench: Bench) -> None:
    """A check of what was sealed and merged finds nothing."""
    assert bench.check() == ()
    assert bench.repair() == Repaired()


def test_every_kind_of_damage_to_a_file_is_found(bench: Bench) -> None:
    """A flipped bit, a file that is cut short, and one that is gone are all damage."""
    ticks, minutes, hours = (bench.one(kind) for kind in (Kind.RAW, Kind.MINUTE, Kind.HOUR))
    bench.damage(ticks)
    path = bench.store.shelf.path(minutes)
    path.write_bytes(path.read_bytes()[:-1])
    bench.store.shelf.path(hours).unlink()
    assert set(bench.check()) == {ticks.name, minutes.name, hours.name}
    assert all(segment.damaged_ms for segment in bench.store.database.manifest.all())


@pytest.mark.parametrize("kind", [Kind.MINUTE, Kind.HOUR])
def test_lost_rollups_are_made_again_from_ticks(bench: Bench, kind: Kind) -> None:
    """Rollups without a copy are rolled up from the day's ticks, and say the same."""
    before, lost = rollups(bench.store, kind), bench.one(kind)
    bench.damage(lost)
    assert bench.check() == (lost.name,)
    assert bench.repair() == Repaired((lost.name,), ())
    assert rollups(bench.store, kind) == before
    assert bench.one(kind).name != lost.name
    assert bench.check() == ()


def test_lost_ticks_are_made_again_while_the_sealed_ones_are_there(bench: Bench) -> None:
    """The ticks of a day are merged anew from what was sealed: the same ticks, none lost and none doubled."""
    before, lost = bench.store.values(), bench.one(Kind.RAW)
    bench.damage(lost)
    assert bench.check() == (lost.name,)
    assert not bench.store.values()
    assert bench.repair() == Repaired((lost.name,), ())
    assert bench.store.values() == before
    assert set(bench.store.times(2).values()) == {1}


def test_late_ticks_stay_when_the_day_is_made_again(bench: Bench) -> None:
    """Ticks that came late and lie in a file of their own are neither lost nor doubled by a repair of the others."""
    lost = bench.one(Kind.RAW)
    bench.send_late()
    bench.damage(lost)
    bench.check()
    assert bench.repair() == Repaired((lost.name,), ())
    assert len(bench.store.segments()) == 2
    assert [len(bench.store.times(host)) for host in (1, 2)] == [850, 800]
    assert set(bench.store.times().values()) == {1}


def test_rollups_of_late_ticks_are_made_again_with_the_others(bench: Bench) -> None:
    """Rollups that are lost while others of their time are whole come back without a value more or less."""
    lost = bench.one(Kind.MINUTE)
    bench.send_late()
    bench.damage(lost)
    bench.check()
    assert bench.repair() == Repaired((lost.name,), ())
    assert sum(segment.samples for segment in bench.store.segments(Kind.MINUTE)) == 3 * (850 + 800)
    assert bench.check() == ()


def test_ticks_whose_sources_are_deleted_are_lost(bench: Bench) -> None:
    """Once the sealed files are gone a damaged day stays set aside, and its rollups still answer."""
    lost = bench.one(Kind.RAW)
    bench.store.clock.advance(2 * 86_400)
    bench.store.run()
    assert not bench.store.database.manifest.dropped()
    bench.damage(lost)
    bench.check()
    assert bench.repair() == Repaired((), (lost.name,))
    assert len(rollups(bench.store, Kind.MINUTE)) == 6


def test_what_a_backup_brings_back_is_taken_back(bench: Bench) -> None:
    """A lost file that is put back under its name is in force again after a repair."""
    lost = bench.one(Kind.RAW)
    path = bench.store.shelf.path(lost)
    backup = path.read_bytes()
    bench.damage(lost)
    bench.check()
    path.write_bytes(backup)
    assert bench.repair() == Repaired((lost.name,), ())
    assert len(bench.store.values()) == 800
    assert bench.one(Kind.RAW).name == lost.name


def test_how_a_check_ended_survives_a_restart(tmp_path: Path) -> None:
    """The newest check is known to the next start."""
    clock = ManualClock(wall_ms=START_MS)
    with Store.opened(tmp_path, clock) as store:
        bench = Bench(store)
        bench.fill()
        bench.damage(bench.one(Kind.HOUR))
        bench.check()
        newest = bench.upkeep.checking.newest
    with Store.opened(tmp_path, clock) as store:
        assert Bench(store).upkeep.checking.newest == newest
    assert newest
    assert newest.damaged
