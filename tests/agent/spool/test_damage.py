"""Spools that something has damaged: what is lost is declared, the rest is used."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sysmon_agent.errors import SpoolInUseError
from sysmon_agent.spool import Spool
from sysmon_agent.wire.messages import ClockPair, Gap, GapReason
from tests.support.agent_rig import OTHER_SCHEMA, SCHEMA, crash, open_spool, tick
from tests.support.clock import ManualClock

NOW = ClockPair(1, 2)
LOST = GapReason.SPOOL_DAMAGED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folder(tmp_path: Path, clock: ManualClock) -> Path:
    """A spool of ticks 1 to 90 in three files, after a crash."""
    spool = open_spool(tmp_path, clock)
    for value in range(1, 91):
        clock.advance(10)
        assert spool.append(tick(clock, value))
    crash(spool)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def spoil(path: Path, part: float) -> None:
    """Zero 40 bytes somewhere in a file."""
    content = bytearray(path.read_bytes())
    start = int(len(content) * part)
    content[start : start + 40] = bytes(40)
    path.write_bytes(content)


@contextmanager
def reopened(folder: Path, clock: ManualClock) -> Iterator[Spool]:
    spool = open_spool(folder, clock)
    yield spool
    spool.close()


def contents(spool: Spool) -> tuple[list[float], list[Gap]]:
    """Return the values of all ticks and all gaps, as an aggregator would get them."""
    ticks: list[float] = []
    gaps: list[Gap] = []
    first = 1
    while batch := spool.cut(first, 100, NOW):
        ticks += memoryview(batch.columns).cast("d")[: batch.count].tolist()
        gaps += batch.skipped
        first = batch.last + 1
    assert len(ticks) + sum(gap.count for gap in gaps) == spool.last
    return ticks, gaps


def test_damage_in_the_middle_is_a_gap(folder: Path, clock: ManualClock) -> None:
    """Ticks that cannot be read any more are declared, and those around them are sent."""
    spoil(files(folder)[1], 0.5)
    with reopened(folder, clock) as spool:
        ticks, gaps = contents(spool)
    assert [gap.reason for gap in gaps] == [LOST]
    assert ticks == [n for n in range(1, 91) if not gaps[0].first <= n <= gaps[0].last]
    assert gaps[0].count <= 2


def test_a_torn_tail_is_cut_and_its_number_given_again(folder: Path, clock: ManualClock) -> None:
    """A tick that was not written whole did not count: the next one gets its number."""
    newest = files(folder)[-1]
    newest.write_bytes(newest.read_bytes()[:-3])
    with reopened(folder, clock) as spool:
        assert contents(spool) == ([*range(1, 90)], [])
        spool.append(tick(clock, 1000))
        assert contents(spool) == ([*range(1, 90), 1000], [])


def test_a_missing_file_is_a_gap(folder: Path, clock: ManualClock) -> None:
    """A file that is gone leaves a gap, and nothing else."""
    files(folder)[1].unlink()
    with reopened(folder, clock) as spool:
        ticks, gaps = contents(spool)
    assert [gap.reason for gap in gaps] == [LOST]
    assert len(ticks) == 90 - gaps[0].count


def test_a_lost_state_is_told_from_the_files(folder: Path, clock: ManualClock) -> None:
    """Files say which stream they are of, so the stream goes on without the state."""
    with reopened(folder, clock) as spool:
        stream = spool.stream_id
    (folder / "state").write_bytes(b"garbage")
    with reopened(folder, clock) as spool:
        assert spool.stream_id == stream
        assert contents(spool) == ([*range(1, 91)], [])


def test_a_file_of_noise_is_removed(folder: Path, clock: ManualClock) -> None:
    """A file of which nothing can be read goes, and its ticks become a gap."""
    target = files(folder)[0]
    target.write_bytes(bytes(range(256)) * 20)
    with reopened(folder, clock) as spool:
        _, gaps = contents(spool)
    assert not target.exists()
    assert [gap.reason for gap in gaps] == [LOST]


def test_damage_while_the_agent_runs_is_a_gap_too(folder: Path, clock: ManualClock) -> None:
    """A disk that forgets under a running agent costs only what it forgot."""
    with reopened(folder, clock) as spool:
        spoil(files(folder)[0], 0.5)
        _, gaps = contents(spool)
    assert [gap.reason for gap in gaps] == [LOST]


def test_files_removed_under_a_running_agent_are_a_gap(folder: Path, clock: ManualClock) -> None:
    """When someone removes the spool's files, those ticks are declared, and collecting goes on in a new file."""
    with reopened(folder, clock) as spool:
        assert spool.append(tick(clock, 91))
        for path in files(folder):
            path.unlink()
        assert spool.append(tick(clock, 92))
        assert contents(spool) == ([92], [Gap(1, 91, LOST)])


def test_a_folder_removed_under_a_running_agent_is_made_again(folder: Path, clock: ManualClock) -> None:
    """When someone removes the whole folder, one tick is lost to finding out, and the stream goes on."""
    with reopened(folder, clock) as spool:
        assert spool.append(tick(clock, 91))
        shutil.rmtree(folder)
        assert not spool.append(tick(clock, 92))
        assert spool.append(tick(clock, 93))
        ticks, gaps = contents(spool)
        assert ticks == [93]
        assert [(gap.last, gap.reason) for gap in gaps] == [(91, LOST), (92, GapReason.SPOOL_FULL)]
        with pytest.raises(SpoolInUseError):
            open_spool(folder, clock)


def test_a_delivered_file_that_is_gone_holds_nothing_up(folder: Path, clock: ManualClock) -> None:
    """Delivered ticks that someone removed before the agent did are no obstacle to delivery."""
    with reopened(folder, clock) as spool:
        oldest = files(folder)[0]
        oldest.unlink()
        clock.advance(5000)
        spool.release(90, 1)
        assert spool.append(tick(clock, 91))
        assert oldest not in files(folder)
        assert spool.last == 91


def forget_schema(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"system.uptime", b"system.uptimf"))


def test_a_damaged_schema_is_taken_from_another_file(folder: Path, clock: ManualClock) -> None:
    """Every file holds the schema, so damage to one copy costs nothing."""
    forget_schema(files(folder)[0])
    with reopened(folder, clock) as spool:
        batch = spool.cut(1, 100, NOW, with_schema=True)
    assert batch
    assert (batch.first, batch.schema) == (1, SCHEMA)


def test_ticks_without_any_schema_block_nothing(folder: Path, clock: ManualClock) -> None:
    """When an aggregator asks for a schema that is nowhere any more, the ticks that need it become a gap."""
    for path in files(folder):
        forget_schema(path)
    with reopened(folder, clock) as spool:
        spool.append(tick(clock, 91, schema=OTHER_SCHEMA))
        batch = spool.cut(1, 100, NOW, with_schema=True)
    assert batch
    assert (batch.first, batch.count, batch.skipped) == (91, 1, (Gap(1, 90, LOST),))
