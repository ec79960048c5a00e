"""The spool as the loops see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.errors import SpoolError, SpoolInUseError
from sysmon_agent.spool import Spool
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, GapReason
from tests.support.agent_rig import OTHER_SCHEMA, SCHEMA, crash, open_spool, tick
from tests.support.clock import ManualClock

NOW = ClockPair(1, 2)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def spool(tmp_path: Path, clock: ManualClock) -> Iterator[Spool]:
    spool = open_spool(tmp_path / "spool", clock)
    yield spool
    spool.close()


def fill(spool: Spool, clock: ManualClock, *values: float) -> None:
    for value in values:
        clock.advance(10)
        assert spool.append(tick(clock, value))


def values(batch: Batch | None) -> list[float]:
    assert batch
    return list(map(float, memoryview(batch.columns).cast("d")[: batch.count]))


def test_ticks_come_back_column_by_column(spool: Spool, clock: ManualClock) -> None:
    """A batch puts each series' values together, with times and rows of tables tick after tick."""
    fill(spool, clock, 7, 8, 9)
    batch = spool.cut(1, 1000, NOW)
    assert batch
    assert memoryview(batch.columns).cast("d").tolist() == [7, 8, 9, 2, 2, 2]
    assert batch.wall_ms == tuple(1_800_000_000_000 + 10_000 * n for n in (1, 2, 3))
    assert batch.boot_ms == tuple(1_000_000 + 10_000 * n for n in (1, 2, 3))
    assert batch.tables[0].rows_per_tick == (1, 1, 1)
    assert batch.tables[0].columns == ((7, 8, 9), ("process 7", "process 8", "process 9"))
    assert (batch.stream_id, batch.sent, batch.skipped, batch.schema) == (spool.stream_id, NOW, (), None)


def test_the_schema_is_given_when_it_is_asked_for(spool: Spool, clock: ManualClock) -> None:
    """A batch can carry the schema of its ticks, also when it has changed in between."""
    fill(spool, clock, 1)
    spool.append(tick(clock, 2, schema=OTHER_SCHEMA))
    fill(spool, clock, 3)
    batches = [spool.cut(number, 1000, NOW, with_schema=True) for number in (1, 2, 3)]
    assert [batch.schema for batch in batches if batch] == [SCHEMA, OTHER_SCHEMA, SCHEMA]


def test_a_batch_ends_where_the_schema_changes(spool: Spool, clock: ManualClock) -> None:
    """Ticks of two schemas never share a batch."""
    fill(spool, clock, 1, 2)
    spool.append(tick(clock, 3, schema=OTHER_SCHEMA))
    assert values(spool.cut(1, 1000, NOW)) == [1, 2]
    assert values(spool.cut(3, 1000, NOW)) == [3]


@pytest.mark.parametrize(("samples", "expected"), [(1, 1), (4, 1), (8, 2), (100, 5)])
def test_a_batch_is_limited_but_never_empty(spool: Spool, clock: ManualClock, samples: int, expected: int) -> None:
    """A batch has at most so many values, those of tables included, and at least one tick."""
    fill(spool, clock, 1, 2, 3, 4, 5)
    assert len(values(spool.cut(1, samples, NOW))) == expected


def test_gaps_travel_with_the_tick_after_them(spool: Spool, clock: ManualClock) -> None:
    """Declared gaps lie directly before the first tick of a batch, each with its reason."""
    fill(spool, clock, 1)
    spool.skip(2, GapReason.OVERRUN)
    spool.skip(1, GapReason.OVERRUN)
    spool.skip(3, GapReason.AGENT_DOWN)
    fill(spool, clock, 8)
    assert values(spool.cut(1, 1000, NOW)) == [1]
    batch = spool.cut(3, 1000, NOW)
    assert batch
    assert (batch.first, values(batch)) == (8, [8])
    assert batch.skipped == (Gap(3, 4, GapReason.OVERRUN), Gap(5, 7, GapReason.AGENT_DOWN))


def test_a_gap_is_no_number_until_it_is_on_disk(spool: Spool, clock: ManualClock) -> None:
    """Skipped numbers count only with the next tick, so that a crash cannot take back what was sent."""
    fill(spool, clock, 1)
    spool.skip(5, GapReason.OVERRUN)
    assert spool.last == 1
    assert spool.cut(2, 1000, NOW) is None


def test_everything_survives_a_crash(spool: Spool, clock: ManualClock, tmp_path: Path) -> None:
    """After kill -9 the spool goes on with the same stream, ticks, gaps and durable epoch."""
    fill(spool, clock, 1, 2)
    spool.skip(2, GapReason.OVERRUN)
    fill(spool, clock, 5)
    spool.release(1, epoch=9)
    crash(spool)
    again = open_spool(tmp_path / "spool", clock)
    assert (again.stream_id, again.last, again.epoch) == (spool.stream_id, 5, 9)
    assert values(again.cut(1, 1000, NOW)) == [1, 2]
    assert values(again.cut(4, 1000, NOW)) == [5]
    assert again.newest == spool.newest
    again._lock = spool._lock  # the fixture closes the folder once
    again._store.rotate()


def test_what_waits_is_counted(spool: Spool, clock: ManualClock) -> None:
    """Numbers wait until an aggregator has called them durable."""
    fill(spool, clock, 1, 2, 3)
    assert spool.waiting_ticks() == 3
    spool.release(2, epoch=1)
    assert spool.waiting_ticks() == 1


def test_a_new_stream_takes_what_is_not_durable(spool: Spool, clock: ManualClock) -> None:
    """What was not known to be durable gets numbers from 1 in the new stream; what was does not move."""
    fill(spool, clock, 1, 2, 3, 4)
    spool.release(2, epoch=1)
    before = spool.stream_id
    spool.start_stream()
    assert spool.stream_id != before
    assert (spool.last, spool.durable) == (2, 0)
    fill(spool, clock, 5)
    assert values(spool.cut(1, 1000, NOW)) == [3, 4, 5]


def test_delivered_files_go_when_they_are_old_enough(spool: Spool, clock: ManualClock, tmp_path: Path) -> None:
    """Delivered ticks are kept for the configured time, then their files are deleted whole."""
    fill(spool, clock, *range(1, 121))
    spool.release(120, epoch=1)
    clock.advance(899)
    spool.release(120, epoch=1)
    kept = len(list((tmp_path / "spool").glob("*.spool")))
    clock.advance(1)
    spool.release(120, epoch=1)
    assert kept == 4
    assert len(list((tmp_path / "spool").glob("*.spool"))) == 1


def test_ticks_of_an_outage_are_kept_after_their_delivery(spool: Spool, clock: ManualClock) -> None:
    """However old ticks are when they are delivered at last, a restore to the moment before loses none of them."""
    fill(spool, clock, *range(1, 121))
    clock.advance(100_000)
    spool.release(120, epoch=1)
    clock.advance(600)
    clock.wall += 86_400_000  # the clock was wrong, too
    spool.release(120, epoch=1)
    assert values(spool.cut(1, 8, NOW)) == [1, 2]


def test_what_is_not_durable_is_never_deleted_for_its_age(spool: Spool, clock: ManualClock) -> None:
    """Old ticks that nobody has are kept."""
    fill(spool, clock, *range(1, 121))
    clock.advance(100_000)
    spool.release(0, epoch=1)
    assert values(spool.cut(1, 8, NOW)) == [1, 2]


def test_a_second_agent_is_told_who_has_the_folder(spool: Spool, clock: ManualClock, tmp_path: Path) -> None:
    """Two agents on one spool would destroy it: the second one stops and names the first."""
    assert spool.last == 0
    with pytest.raises(SpoolInUseError, match=r"process \d+, uses the spool folder"):
        open_spool(tmp_path / "spool", clock)


def test_a_folder_that_cannot_be_made_is_named(clock: ManualClock, tmp_path: Path) -> None:
    """A spool that cannot be written is an error that names folder and reason."""
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match=r"file/spool cannot be written \(Not a directory\)"):
        open_spool(tmp_path / "file" / "spool", clock)


def test_the_size_is_known(spool: Spool, clock: ManualClock, tmp_path: Path) -> None:
    """The spool tells how many bytes its files take."""
    fill(spool, clock, *range(1, 60))
    assert spool.used_bytes() == sum(path.stat().st_size for path in (tmp_path / "spool").glob("*.spool"))
