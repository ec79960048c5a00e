"""Sealed ticks become days, days become months, and segments are written again."""

from dataclasses import replace
from itertools import pairwise

import apsw
import numpy as np
import pytest

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.compactor.rows import is_sparse
from sysmon_appliance.domain.jobs import JoinSegments, MergeDay, SealJob, TrimSegment
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, HOUR_MS, Kind, Level
from tests.support.storekeeping import Sender, Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
ALL = np.arange(3)


def sealed(store: Store, sender: Sender, times: list[int]) -> None:
    """Send ticks, and have them sealed."""
    sender.send(times)
    seal(store)


def seal(store: Store) -> None:
    after = store.side.changes.sealed_up_to
    store.perform(SealJob(after, store.database.usage.facts(after).newest))


def pass_until(store: Store, at_ms: int) -> None:
    store.clock.advance((at_ms - store.clock.wall) / 1000)


def merge_days(store: Store) -> None:
    pass_until(store, max(store.clock.wall, DAY + 2 * DAY_MS) + 2 * HOUR_MS)
    assert {type(job) for job in store.run()} <= {MergeDay}


def join_months(store: Store) -> None:
    pass_until(store, max(store.clock.wall, DAY + 40 * DAY_MS) + 2 * DAY_MS)
    assert {type(job) for job in store.run()} == {JoinSegments}


def levels(store: Store, kind: Kind = Kind.RAW) -> list[Level]:
    return [segment.level for segment in store.segments(kind)]


def counts(store: Store, kind: Kind) -> int:
    """Count the values that rollups of a kind stand for."""
    return sum(int(row.rollups().read(ALL).count.sum()) for row in store.rows(1, kind))


def test_a_day_is_one_row_with_its_rollups(store: Store) -> None:
    """Hours that were sealed one by one are one row, and what became of each minute and hour is beside it."""
    sender = store.sender()
    for hour in range(3):
        sealed(store, sender, every(DAY + hour * HOUR_MS, 120, 30_000))
    merge_days(store)
    [row], [minutes], [hours] = (store.rows(1, kind) for kind in (Kind.RAW, Kind.MINUTE, Kind.HOUR))
    assert row.ticks().t.tolist() == every(DAY, 360, 30_000)
    assert minutes.rollups().t.tolist() == every(DAY, 180, 60_000)
    rollups = hours.rollups()
    stats = rollups.read(ALL)
    assert rollups.t.tolist() == every(DAY, 3, HOUR_MS)
    assert stats.maximum[0].tolist() == [120, 240, 360]
    assert stats.count[0].tolist() == [120, 120, 120]


def test_ticks_that_come_late_are_merged_beside_the_day(store: Store) -> None:
    """A day that was merged is not written again for what comes late; nothing is in it twice."""
    sender = store.sender()
    sealed(store, sender, every(DAY, 60, HOUR_MS // 4))
    merge_days(store)
    sealed(store, sender, every(DAY + 1000, 8, HOUR_MS))
    merge_days(store)
    assert levels(store) == [Level.DAY, Level.DAY]
    assert set(store.times().values()) == {1}
    assert [counts(store, kind) for kind in BUCKET_MS] == [3 * 68, 3 * 68]


def test_ticks_that_the_day_has_are_not_taken_once_more(store: Store) -> None:
    """What an agent that was rolled back sends again does not count twice in rollups, and the first account stays."""
    sender = store.sender()
    sealed(store, sender, every(DAY, 10))
    merge_days(store)
    sealed(store, sender, every(DAY, 12))
    merge_days(store)
    assert store.times() == dict.fromkeys(every(DAY, 12), 1)
    assert store.values()[DAY][0] == 1
    assert [counts(store, kind) for kind in BUCKET_MS] == [36, 36]


def test_a_month_takes_days_as_they_are(store: Store) -> None:
    """Rows of days are copied byte by byte; rollups of an hour become one row."""
    sender = store.sender()
    for day in range(3):
        sealed(store, sender, every(DAY + day * DAY_MS, 24, HOUR_MS))
    pass_until(store, DAY + 4 * DAY_MS)
    merge_days(store)
    before = [row.body() for row in store.rows(1)]
    join_months(store)
    assert levels(store) == [Level.MONTH]
    assert [row.body() for row in store.rows(1)] == before
    [hours] = store.rows(1, Kind.HOUR)
    assert hours.rollups().t.tolist() == every(DAY, 72, HOUR_MS)


def test_what_came_late_is_one_with_its_day_in_the_month(store: Store) -> None:
    """Joining a month merges the rows that hold the same time, of ticks and of rollups."""
    sender = store.sender()
    sealed(store, sender, every(DAY, 24, HOUR_MS))
    merge_days(store)
    sealed(store, sender, every(DAY + 1, 23, HOUR_MS))
    merge_days(store)
    join_months(store)
    [row], [minutes] = store.rows(1), store.rows(1, Kind.MINUTE)
    assert row.ticks_count == 47
    assert minutes.rollups().read(ALL).count[0].tolist() == [2.0] * 23 + [1.0]


def test_late_ticks_join_a_month_that_is_there(store: Store) -> None:
    """A month is written again when a host sends an old day."""
    sender = store.sender()
    sealed(store, sender, every(DAY, 24, HOUR_MS))
    merge_days(store)
    join_months(store)
    sealed(store, sender, every(DAY + 1, 5, HOUR_MS))
    merge_days(store)
    join_months(store)
    assert levels(store) == [Level.MONTH]
    assert len(store.times()) == 29
    assert [counts(store, kind) for kind in BUCKET_MS] == [87, 87]


def test_gaps_survive_all_merging(store: Store) -> None:
    """A gap that an agent declared is in ticks and rollups, up to the month."""
    sender = store.sender()
    sender.send([DAY])
    sender.send([DAY + HOUR_MS], skipped=[Gap(2, 2, GapReason.HOST_DOWN)])
    seal(store)
    merge_days(store)
    join_months(store)
    [ticks] = [row.ticks() for row in store.rows(1)]
    rolled = [row.rollups().gaps for kind in BUCKET_MS for row in store.rows(1, kind)]
    assert [gap.reason for gap in ticks.gaps] == [GapReason.HOST_DOWN]
    assert rolled == [ticks.gaps] * 2


def test_large_files_are_cut_between_hosts(store: Store) -> None:
    """A file that is full is followed by another, and no host is in two."""
    senders = [store.sender(key) for key in range(1, 7)]
    random = np.random.default_rng(1)
    for sender in senders:
        sender.send(every(DAY, 40_000, 2000), random.random((3, 40_000)))
    store.runner.place = replace(store.place, file_bytes=1 << 20)
    seal(store)
    merge_days(store)
    segments = store.segments()
    assert len(segments) > 1
    assert [one.last_host < other.first_host for one, other in pairwise(segments)]
    assert [sum(store.times(key).values()) for key in range(1, 7)] == [40_000] * 6


def test_a_damaged_segment_is_set_aside_and_the_others_are_merged(store: Store) -> None:
    """Damage is found while merging, and costs no more than the file that has it."""
    sender = store.sender()
    for hour in range(3):
        sealed(store, sender, every(DAY + hour * HOUR_MS, 10))
    path = store.shelf.path(store.segments()[1])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    merge_days(store)
    damaged = [segment.level for segment in store.segments() if segment.damaged_ms]
    assert damaged == [Level.SEALED]
    assert len(store.times()) == 20
    assert store.side.keeper.status.failure is None


def test_a_segment_of_a_later_release_is_left_alone(store: Store) -> None:
    """What this release cannot read stays as it is, and the rest of its day is merged."""
    sender = store.sender()
    for hour in range(3):
        sealed(store, sender, every(DAY + hour * HOUR_MS, 10))
    later = store.segments()[1]
    with apsw.Connection(str(store.shelf.path(later))) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'format'")
    merge_days(store)
    assert sorted(levels(store)) == [Level.DAY, Level.SEALED]
    assert later in store.segments()


def test_a_segment_is_written_again_without_what_has_expired(store: Store) -> None:
    """Rows that end before a host's time go; a host that is not named keeps all."""
    senders = [store.sender(key) for key in (1, 2)]
    for day in range(3):
        for sender in senders:
            sealed(store, sender, every(DAY + day * DAY_MS, 5))
    pass_until(store, DAY + 4 * DAY_MS)
    merge_days(store)
    join_months(store)
    [month] = store.segments()
    store.perform(TrimSegment(month, {1: DAY + DAY_MS}))
    [trimmed] = store.segments()
    assert (trimmed.level, trimmed.ticks) == (Level.MONTH, 25)
    assert len(store.times(1)) == 10
    assert len(store.times(2)) == 15


def test_a_segment_of_which_nothing_is_kept_goes_without_another(store: Store) -> None:
    """Where every row has expired no empty file is left."""
    sealed(store, store.sender(), every(DAY, 5))
    store.perform(TrimSegment(store.segments()[0], {1: DAY + DAY_MS}))
    assert store.segments() == []


@pytest.mark.parametrize("values", [20, 200])
def test_a_host_with_very_many_series_is_merged_in_pieces_that_fit(
    store: Store, monkeypatch: pytest.MonkeyPatch, values: int
) -> None:
    """However much a host has in a day, no more is in memory than the limit, and rollups count each tick once."""
    monkeypatch.setattr("sysmon_appliance.compactor.rows.ROW_VALUES", values)
    monkeypatch.setattr("sysmon_appliance.compactor.join.ROW_VALUES", values)
    sender = store.sender()
    for hour in range(4):
        sealed(store, sender, every(DAY + hour * HOUR_MS, 30, 120_000))
    merge_days(store)
    join_months(store)
    assert store.times() == dict.fromkeys(every(DAY, 120, 120_000), 1)
    assert [counts(store, kind) for kind in BUCKET_MS] == [360, 360]


def test_a_row_is_not_mostly_missing_values() -> None:
    """A few values may be spread as they like; of many, at least half are there."""
    assert not is_sparse(60_000, 10)
    assert not is_sparse(200_000, 100_000)
    assert is_sparse(200_000, 99_999)
