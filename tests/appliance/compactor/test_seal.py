"""From batches of the head to rows of segments."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Gap, GapReason, Schema, Series
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Level
from tests.support.clock import ManualClock
from tests.support.live import commit
from tests.support.storekeeping import SERIES, STEP_MS, Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
OTHER = Schema((SERIES.series[1], Series("system.process.count")))


def gaps(store: Store) -> list[TimeGap]:
    return [gap for row in store.rows(1) for gap in row.ticks().gaps]


def seal(store: Store) -> None:
    """Seal all of the head, and nothing else."""
    store.side.keeper.seal_soon()
    store.run(1)


def test_every_tick_is_in_the_segment_with_its_values(store: Store) -> None:
    """What was sent in batches of any length is one row of a segment, value by value."""
    sender = store.sender()
    times = every(DAY, 12)
    for start, end in ((0, 1), (1, 2), (2, 7), (7, 12)):
        sender.send(times[start:end])
    seal(store)
    [row] = store.rows(1)
    assert row.ticks().t.tolist() == times
    assert store.values() == {t: (1.0 + n, 1001.0 + n, 2001.0 + n) for n, t in enumerate(times)}
    assert [segment.level for segment in store.segments()] == [Level.SEALED]


def test_sealed_batches_are_not_found_in_the_head(store: Store) -> None:
    """From the commit on a tick is in the segment alone, though its row is removed later."""
    store.sender().send(every(DAY, 3))
    seal(store)
    assert not list(store.database.head.batches(1, 0, 1 << 60))
    assert store.database.usage.sealed_rows(1 << 60, most=10, most_bytes=1 << 20) is not None


def test_times_are_corrected(store: Store) -> None:
    """The offset of a host whose clock is off is in the segment's times."""
    sender = store.sender()
    assert commit(store.database, sender.batch(every(DAY, 2), offset_ms=5000)) is None
    assert commit(store.database, sender.batch([DAY + 60_000], offset_ms=7000)) is None
    seal(store)
    assert sorted(store.values()) == [DAY + 5000, DAY + STEP_MS + 5000, DAY + 67_000]


def test_each_day_has_a_file_of_its_own(store: Store) -> None:
    """Around midnight there are two segments, so that the day that is over can be merged."""
    store.sender().send(every(DAY - 3 * STEP_MS, 6))
    seal(store)
    assert [(one.start_ms, one.end_ms) for one in store.segments()] == [
        (DAY - 3 * STEP_MS, DAY - STEP_MS),
        (DAY, DAY + 2 * STEP_MS),
    ]


def test_scattered_times_make_no_more_than_a_few_files(store: Store) -> None:
    """However many days a host's ticks are on, a seal makes nine files at most."""
    sender = store.sender()
    times = [DAY - 7 * number * DAY_MS for number in range(40)] + [DAY + 900 * DAY_MS]
    for t in times:
        sender.send([t])
    seal(store)
    assert len(store.segments()) == 9
    assert store.times() == dict.fromkeys(times, 1)


def test_of_two_ticks_of_one_time_the_first_stays(store: Store) -> None:
    """After an agent was rolled back its second account of a moment does not replace the first."""
    sender = store.sender()
    sender.send(every(DAY, 3))
    sender.send(every(DAY, 4))
    seal(store)
    values = store.values()
    assert [values[t][0] for t in every(DAY, 4)] == [1, 2, 3, 7]


def test_ticks_are_put_in_order(store: Store) -> None:
    """A clock that was set back leaves no disorder."""
    sender = store.sender()
    sender.send(every(DAY + HOUR_MS, 3))
    sender.send(every(DAY, 3))
    seal(store)
    [row] = store.rows(1)
    assert row.ticks().t.tolist() == [*every(DAY, 3), *every(DAY + HOUR_MS, 3)]


def test_schemas_of_a_day_are_united(store: Store) -> None:
    """A series that appears or disappears is missing where it was not."""
    first = store.sender()
    first.send(every(DAY, 2))
    second = store.sender(schema=OTHER)
    second.next = first.next
    second.send(every(DAY + HOUR_MS, 2))
    seal(store)
    [row] = store.rows(1)
    ticks = row.ticks()
    assert ticks.schema.schema.series == (*SERIES.series, OTHER.series[1])
    assert np.isnan(ticks.all()).tolist() == [
        [False, False, True, True],
        [False, False, False, False],
        [False, False, True, True],
        [True, True, False, False],
    ]


def test_hosts_are_kept_apart(store: Store) -> None:
    """Batches of many hosts come in turn, and each host has its own."""
    senders = [store.sender(key) for key in (1, 2, 3)]
    for t in every(DAY, 5):
        for sender in senders:
            sender.send([t + sender.key])
    seal(store)
    assert [store.times(key) for key in (1, 2, 3)] == [dict.fromkeys(every(DAY + key, 5), 1) for key in (1, 2, 3)]
    [segment] = store.segments()
    assert (segment.hosts, segment.first_host, segment.last_host, segment.ticks) == (3, 1, 3, 15)


def test_a_declared_gap_lies_between_its_neighbours(store: Store) -> None:
    """What an agent declares missing is in the segment as a stretch of time, with the reason."""
    sender = store.sender()
    sender.send([DAY])
    sender.send([DAY + HOUR_MS], skipped=[Gap(2, 3, GapReason.SPOOL_FULL), Gap(4, 4, GapReason.AGENT_DOWN)])
    seal(store)
    cut_ms = DAY + HOUR_MS * 2 // 3
    assert gaps(store) == [
        TimeGap(DAY, cut_ms, GapReason.SPOOL_FULL),
        TimeGap(cut_ms, DAY + HOUR_MS, GapReason.AGENT_DOWN),
    ]


def test_a_gap_that_was_declared_by_itself_is_kept(store: Store) -> None:
    """A batch of gaps alone leaves nothing in the head; the segment has them all the same."""
    sender = store.sender()
    sender.send([DAY])
    alone = sender.batch([DAY + 1])
    alone = replace(
        alone, batch=replace(alone.batch, wall_ms=(), columns=b"", first=3, skipped=(Gap(2, 2, GapReason.OVERRUN),))
    )
    assert commit(store.database, alone) is None
    sender.send([DAY + HOUR_MS])
    seal(store)
    assert gaps(store) == [TimeGap(DAY, DAY + HOUR_MS, GapReason.OVERRUN)]


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize("offset_ms", [0, -DAY_MS, 5000])
def test_a_gap_reaches_back_to_what_was_sealed_before(store: Store, *, removed: bool, offset_ms: int) -> None:
    """The tick before a gap may have left the head, and its time is known, corrected as it was."""
    sender = store.sender()
    assert commit(store.database, sender.batch([DAY], offset_ms=offset_ms)) is None
    seal(store)
    if removed:
        store.remove()
    skipped = [Gap(2, 2, GapReason.HOST_DOWN)]
    assert commit(store.database, sender.batch([DAY + HOUR_MS], skipped=skipped, offset_ms=offset_ms)) is None
    seal(store)
    assert gaps(store) == [TimeGap(DAY + offset_ms, DAY + HOUR_MS + offset_ms, GapReason.HOST_DOWN)]


def test_a_stream_that_begins_with_a_gap_shows_its_length(store: Store) -> None:
    """Of ticks before the first one it is known how many there were, and how far apart."""
    store.sender().send([DAY + HOUR_MS], skipped=[Gap(1, 6, GapReason.SPOOL_DAMAGED)])
    seal(store)
    assert gaps(store) == [TimeGap(DAY + HOUR_MS - 60_000, DAY + HOUR_MS, GapReason.SPOOL_DAMAGED)]


def test_a_damaged_body_does_not_stop_the_others(store: Store) -> None:
    """A batch that cannot be decoded any more is left out, and the rest is sealed."""
    sender = store.sender()
    batch = sender.batch(every(DAY, 2))
    assert commit(store.database, replace(batch, body=batch.body[:-40] + bytes(40))) is None
    sender.send(every(DAY + HOUR_MS, 2))
    seal(store)
    assert store.times() == dict.fromkeys(every(DAY + HOUR_MS, 2), 1)


def test_an_empty_head_makes_no_file(store: Store) -> None:
    """Where no batch is left to seal there is nothing to write."""
    sender = store.sender()
    sender.send([DAY])
    with apsw.Connection(str(store.place.live)) as connection:
        connection.execute("DELETE FROM batches")
    assert store.run() == []
    assert not store.segments()


def test_a_host_with_very_many_series_is_sealed_in_pieces_that_fit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are cut, in order of time, before they are larger than memory allows."""
    monkeypatch.setattr("sysmon_appliance.compactor.rows.ROW_VALUES", 30)
    monkeypatch.setattr("sysmon_appliance.compactor.seal.ROW_VALUES", 30)
    sender = store.sender()
    times = every(DAY, 100)
    for start in range(0, 100, 2):
        sender.send(times[start : start + 2])
    seal(store)
    rows = list(store.rows(1))
    assert len(rows) >= 10
    assert all(row.ticks_count * 3 <= 40 for row in rows)
    assert store.times() == dict.fromkeys(times, 1)


SENT = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.lists(st.integers(DAY - DAY_MS, DAY + DAY_MS // 2), min_size=1, max_size=4),
        st.lists(st.floats(width=64), min_size=12, max_size=12),
    ),
    max_size=12,
)


@given(SENT)
@pytest.mark.timeout(600)
def test_any_history_is_sealed_to_the_bit(sent: list[tuple[int, list[int], list[float]]]) -> None:
    """Of each host and time the first tick is there, with every value as it came: NaN, infinities and -0 too."""
    expected: dict[tuple[int, int], bytes] = {}
    with TemporaryDirectory() as folder, Store.opened(Path(folder), ManualClock(wall_ms=DAY)) as store:
        senders = {key: store.sender(key) for key in (1, 2)}
        for key, times, numbers in sent:
            values = np.array(numbers[: 3 * len(times)]).reshape(3, len(times))
            senders[key].send(times, values)
            for t, tick in zip(times, values.T, strict=True):
                expected.setdefault((key, t), tick.tobytes())
        seal(store)
        assert {(key, t): tick for key in senders for t, tick in bits(store, key)} == expected


def bits(store: Store, key: int) -> Iterator[tuple[int, bytes]]:
    """Yield the time of each sealed tick, with its values as bytes."""
    for row in store.rows(key):
        ticks = row.ticks()
        yield from zip(ticks.t.tolist(), (tick.tobytes() for tick in ticks.all().T), strict=True)
