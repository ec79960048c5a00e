"""Deleting files of segments that count no more."""

import asyncio
from pathlib import Path

import pytest

from sysmon_appliance.domain.segment_names import made_ms, segment_name
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level
from sysmon_appliance.errors import FencedError
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.services.sweeping import Sweeper
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.storekeeping import Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "segments").iterdir() if path.is_file()}


def merged(store: Store) -> None:
    """Have a day sealed and merged."""
    store.sender().send(every(DAY, 10))
    store.run()
    store.clock.advance(2 * 86_400)
    store.run()


def sweep(store: Store, *, seconds: float) -> None:
    store.clock.advance(seconds)
    asyncio.run(store.side.keeper.step())


def test_a_dropped_segment_stays_for_a_while(tmp_path: Path) -> None:
    """Whoever restores a database of a moment ago finds the files that it names; after that they go."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        merged(store)
        [dropped] = store.database.manifest.dropped()
        sweep(store, seconds=86_000)
        assert dropped.name in files(tmp_path)
        sweep(store, seconds=1000)
        assert dropped.name not in files(tmp_path)
        assert not store.database.manifest.dropped()
        assert files(tmp_path) == {segment.name for segment in store.database.manifest.all()}


def left_over(store: Store, cluster_id: str, *, age_ms: int) -> Path:
    """Put a file on the shelf that no manifest names."""
    name = segment_name(
        Kind.RAW,
        Level.SEALED,
        start_ms=DAY,
        cluster_id=cluster_id,
        made_ms=store.clock.wall_ms() - age_ms,
        chance="ab",
    )
    path = store.shelf.place(name)
    path.write_bytes(b"")
    return path


def test_what_a_failed_job_left_over_goes_after_a_day(tmp_path: Path) -> None:
    """A file of ours that nothing names is removed, once it cannot be about to be named."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        merged(store)
        old = left_over(store, store.place.cluster_id, age_ms=DAY_MS)
        young = left_over(store, store.place.cluster_id, age_ms=-HOUR_MS)
        sweep(store, seconds=86_400)
        assert (old.exists(), young.exists()) == (False, True)
        assert {segment.name for segment in store.database.manifest.all()} < files(tmp_path)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """A folder that another cluster uses, or used before, is safe from this one."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        merged(store)
        kept = [left_over(store, "0" * 32, age_ms=90 * DAY_MS), store.shelf.place("mine.sqlite")]
        kept[1].write_bytes(b"")
        sweep(store, seconds=86_400)
        sweep(store, seconds=86_400)
        assert all(path.exists() for path in kept)


def test_a_clock_that_jumps_ahead_deletes_nothing_for_a_day(tmp_path: Path) -> None:
    """A date that is years ahead for an hour costs no file."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        merged(store)
        before = files(tmp_path)
        store.clock.wall += 365 * DAY_MS
        sweep(store, seconds=3600)
        assert files(tmp_path) == before


def fenced_sweeper(store: Store) -> Sweeper:
    """Make the sweeper of a leader that was frozen, and that another one has succeeded."""
    manifest = store.database.manifest
    barrier = InstantBarrier(error=FencedError("Another aggregator leads."))
    changes = ManifestChanges(manifest, barrier, store.clock, sealed_up_to=0, last_number=0)
    return Sweeper(
        store.shelf, manifest, changes, store.clock, cluster_id=store.place.cluster_id, keep_dropped_ms=HOUR_MS
    )


@pytest.mark.parametrize("days", [1, 30])
def test_a_leader_that_was_frozen_deletes_nothing(tmp_path: Path, days: int) -> None:
    """Whoever wakes up after days knows neither what its successor has stored nor what that still needs."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        merged(store)
        sweeper = fenced_sweeper(store)
        left_over(store, store.place.cluster_id, age_ms=0)  # its successor's
        before = files(tmp_path)
        store.clock.advance(days * 86_400)
        with pytest.raises(FencedError):
            asyncio.run(sweeper.step())
        assert files(tmp_path) == before


def test_left_over_files_of_a_leader_that_is_fenced_stay(tmp_path: Path) -> None:
    """Files that the manifest does not know may be its successor's, although nothing of its own is to go."""
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + 2 * HOUR_MS)) as store:
        sweeper = fenced_sweeper(store)
        stored = left_over(store, store.place.cluster_id, age_ms=0)
        store.clock.advance(2 * 86_400)
        with pytest.raises(FencedError):
            asyncio.run(sweeper.step())
        assert stored.exists()


def test_names_tell_when_they_were_made_and_by_whom() -> None:
    """The second of its making is in a name, for the cluster that made it."""
    name = segment_name(
        Kind.HOUR, Level.MONTH, start_ms=DAY, cluster_id="0123abcd" * 4, made_ms=DAY + 1999, chance="ff"
    )
    assert name == "hour-month-20270115-0123abcd-6b496181-ff.sqlite"
    assert made_ms(name, cluster_id="0123abcd" * 4) == DAY + 1000
    assert made_ms(name, cluster_id="1123abcd" * 4) is None
    assert made_ms("anything.sqlite", cluster_id="0123abcd" * 4) is None


def test_times_beyond_the_calendar_have_names() -> None:
    """A tick of the year 280000 is a segment's like any other."""
    name = segment_name(Kind.RAW, Level.DAY, start_ms=1 << 53, cluster_id="ab" * 16, made_ms=0, chance="ff")
    assert name.startswith("raw-day-99991231-")
