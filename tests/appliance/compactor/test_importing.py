"""Importing: values from elsewhere among what is there already."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.jobs import ImportSegments, MergeDay, Outcome
from sysmon_appliance.domain.segments import DAY_MS, MINUTE_MS, Kind, Level, SwapSegments
from sysmon_appliance.errors import BadRequestError, StorageError
from sysmon_appliance.segments.staging import StagedFiles
from tests.support.head import host
from tests.support.live import commit
from tests.support.storekeeping import Store, every

from .conftest import DAY

Values = Mapping[str, Mapping[int, float]]
_FOLDERS = count()


def staged(folder: Path, *parts: tuple[int, Values]) -> tuple[str, ...]:
    """Hold values, given by host and series and time; return the files."""
    staging = StagedFiles(folder / f"held-{next(_FOLDERS)}")
    for key, part in parts:
        for metric, values in part.items():
            t = np.array(sorted(values), np.int64)
            row = np.array([[values[at_ms] for at_ms in t.tolist()]])
            staging.add(host(key), Schema((Series(metric),)), t, row)
    return tuple(map(str, staging.finish()))


def imported(store: Store, folder: Path, *parts: tuple[int, Values]) -> Outcome:
    """Import values into a store."""
    beside = tuple(one for one in store.database.manifest.all() if one.kind is not Kind.TABLES)
    return store.perform(ImportSegments(staged(folder, *parts), store.side.changes.sealed_up_to, beside))


def count_up(times: Sequence[int]) -> dict[int, float]:
    return {at_ms: float(number) for number, at_ms in enumerate(times)}


def test_series_become_ticks_of_segments_of_a_day(store: Store, tmp_path: Path) -> None:
    """What came series by series is found as ticks, in a sealed segment for each day."""
    times = every(DAY - 3 * DAY_MS, 3, DAY_MS)
    outcome = imported(store, tmp_path, (1, {"a": count_up(times), "b": count_up(times[1:])}))
    assert [(one.kind, one.level, one.ticks, one.samples) for one in outcome.add] == [
        (Kind.RAW, Level.SEALED, 1, 1),
        (Kind.RAW, Level.SEALED, 1, 2),
        (Kind.RAW, Level.SEALED, 1, 2),
    ]
    assert store.values(1)[times[2]] == (2.0, 1.0)


def test_hosts_share_the_segment_of_a_day(store: Store, tmp_path: Path) -> None:
    """A day of many hosts is one segment."""
    outcome = imported(store, tmp_path, *((key, {"a": {DAY: 1.0}}) for key in (3, 1, 2)))
    assert [(one.hosts, one.first_host, one.last_host) for one in outcome.add] == [(3, 1, 3)]


def test_ticks_of_the_head_stay(store: Store, tmp_path: Path) -> None:
    """Where the head has a tick already, sealed or not, that of the import is passed over."""
    sender = store.sender()
    times = every(DAY, 4)
    sender.send(times[:1])
    sender.send(times[1:3])
    outcome = imported(store, tmp_path, (1, {"a": count_up(times)}))
    assert sum(one.ticks for one in outcome.add) == 1
    assert store.times() == dict.fromkeys(times, 1)


def test_ticks_of_sealed_segments_stay(store: Store, tmp_path: Path) -> None:
    """Where a sealed segment has a tick already, that of the import is passed over."""
    times = every(DAY, 4)
    imported(store, tmp_path, (1, {"a": count_up(times[:2])}))
    imported(store, tmp_path, (1, {"b": count_up(times)}))
    assert store.times() == dict.fromkeys(times, 1)
    assert store.values()[times[0]] == (0.0,)


def test_an_import_repeated_is_nothing(store: Store, tmp_path: Path) -> None:
    """Importing once more writes no segment, before and after what came first was merged."""
    part = (1, {"a": count_up(every(DAY - DAY_MS, 100))})
    imported(store, tmp_path, part)
    assert imported(store, tmp_path, part) == Outcome()
    store.side.keeper.seal_soon()
    assert store.run()
    assert {one.level for one in store.segments()} == {Level.DAY}
    assert imported(store, tmp_path, part) == Outcome()


def test_rollups_count_no_tick_twice(store: Store, tmp_path: Path) -> None:
    """Where ticks have expired and their rollups have not, ticks of the same buckets are passed over."""
    times = every(DAY - DAY_MS, 100)
    imported(store, tmp_path, (1, {"a": count_up(times)}))
    store.side.keeper.seal_soon()
    store.run()
    gone = tuple(one.name for one in store.segments())
    assert commit(store.database, SwapSegments((), gone, at_ms=DAY)) is None
    another_minute = times[-1] + 10 * MINUTE_MS
    outcome = imported(store, tmp_path, (1, {"a": count_up([*times, another_minute, another_minute + 3_600_000])}))
    assert [row.ticks().t.tolist() for row in store.rows(1)] == [[another_minute + 3_600_000]]
    assert sum(one.ticks for one in outcome.add) == 1


def test_what_comes_late_is_merged_with_the_rest(store: Store, tmp_path: Path) -> None:
    """The usual merge makes rollups of what was imported, and loses and doubles nothing."""
    times = every(DAY - DAY_MS, 600)
    imported(store, tmp_path, (1, {"a": count_up(times[::2])}))
    store.side.keeper.seal_soon()
    assert any(isinstance(job, MergeDay) for job in store.run())
    imported(store, tmp_path, (1, {"a": count_up(times)}))
    store.side.keeper.seal_soon()
    store.run()
    assert store.times() == dict.fromkeys(times, 1)
    counted = sum(row.rollups().read(np.array([0])).count.sum() for row in store.rows(1, Kind.MINUTE))
    assert counted == len(times)


def test_many_series_are_laid_out_in_parts(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that is too large for memory becomes several rows, which together hold all of it."""
    monkeypatch.setattr("sysmon_appliance.compactor.importing.ROW_VALUES", 10)
    times = every(DAY, 12)
    imported(store, tmp_path, (1, {"a": count_up(times), "b": count_up(times)}))
    assert [row.ticks_count for row in store.rows(1)] == [5, 5, 2]
    assert store.times() == dict.fromkeys(times, 1)


def test_beside_that_is_damaged_is_named(store: Store, tmp_path: Path) -> None:
    """A segment beside that cannot be read is reported, and nothing is imported without knowing what it holds."""
    [segment] = imported(store, tmp_path, (1, {"a": {DAY: 1.0}})).add
    path = store.shelf.path(segment)
    content = bytearray(path.read_bytes())
    content[2048:] = bytes(len(content) - 2048)
    path.write_bytes(content)
    outcome = imported(store, tmp_path, (1, {"a": {DAY: 2.0}}))
    assert outcome == Outcome(damaged=(segment.name,))


def test_what_is_held_and_damaged_is_a_failure(store: Store, tmp_path: Path) -> None:
    """Files that lost their bytes since they were written are not imported."""
    [file] = staged(tmp_path, (1, {"a": count_up(every(DAY, 50))}))
    content = bytearray(Path(file).read_bytes())
    content[:100] = bytes(100)
    Path(file).write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        store.perform(ImportSegments((file,), 0, ()))
    assert not store.segments()


def test_times_that_are_never_shared_are_refused(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be laid out to nearly nothing but missing values is refused with a sentence, and nothing is stored."""
    monkeypatch.setattr("sysmon_appliance.domain.gathering._MOST_PLACES", 2000)
    with pytest.raises(BadRequestError, match="50 series of a host have 50 different times in a day"):
        imported(store, tmp_path, (1, {f"m{number}": {DAY + number: 0.0} for number in range(50)}))
    assert not store.segments()
