"""What is kept: after a restart everything that was committed is known again."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.changes import DropOldest, RaiseEpoch
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.live import A_HOST, A_SCHEMA, append, appends, commit, gap_row, live
from tests.support.pushes import NOW_MS, STREAM, a_batch, gaps_alone


def only_stream(database: LiveDatabase) -> Stream:
    (stream,) = database.state.streams
    return stream


def test_hosts_and_schemas_are_known_after_a_restart(tmp_path: Path) -> None:
    """A restart forgets nothing of what hosts have said of themselves."""
    with live(tmp_path):
        pass
    with live(tmp_path) as database:
        assert (list(database.state.hosts), list(database.state.schemas)) == ([A_HOST], [A_SCHEMA])


def test_streams_are_rebuilt_from_the_head(tmp_path: Path) -> None:
    """A restart knows each stream's end, its account and the time of its last tick."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 3), gap_row(4, Gap(4, 6, GapReason.HOST_DOWN), then=2))
    with live(tmp_path) as database:
        stream = only_stream(database)
        assert (stream.last, stream.stored, stream.missing) == (8, 5, {GapReason.HOST_DOWN: 3})
        assert (stream.balanced, stream.settled) == (True, True)
        assert stream.last_wall_ms == NOW_MS + 7000
        assert database.state.next_batch == 5


@pytest.mark.parametrize("size", [1, 24, 25, 26, 77])
def test_a_group_of_any_size_is_kept_whole(tmp_path: Path, size: int) -> None:
    """Batches are kept each with its own body, however many are committed together."""
    sent = [append(number, a_batch(number)) for number in range(1, size + 1)]
    with live(tmp_path) as database:
        commit(database, *sent)
        kept = list(database.head.batches(1, 0, 1 << 60))
    assert [batch.values.tobytes() for batch in kept] == [one.batch.columns for one in sent]
    with live(tmp_path) as database:
        assert (only_stream(database).last, only_stream(database).stored) == (size, size)


def test_a_stream_that_ends_with_a_gap_has_no_last_time(tmp_path: Path) -> None:
    """A stream whose newest number is a gap has no time to compare with."""
    with live(tmp_path) as database:
        commit(database, append(1), append(2, gaps_alone(Gap(2, 9, GapReason.SPOOL_FULL))))
    with live(tmp_path) as database:
        stream = only_stream(database)
        assert (stream.last, stream.stored, stream.last_wall_ms) == (9, 1, 0)
        assert stream.balanced


def test_batches_that_left_the_head_stay_counted(tmp_path: Path) -> None:
    """Removing old batches changes neither a stream's end nor its account."""
    with live(tmp_path) as database:
        commit(
            database, gap_row(1, Gap(1, 4, GapReason.AGENT_DOWN), then=2), append(2, a_batch(7)), append(3, a_batch(8))
        )
        commit(database, DropOldest(2))
        commit(database, DropOldest(3))
    with live(tmp_path) as database:
        stream = only_stream(database)
        assert (stream.last, stream.stored, stream.missing) == (8, 4, {GapReason.AGENT_DOWN: 4})
        assert stream.last_wall_ms == NOW_MS + 7000
        assert list(database.head.batches(1, 0, 1 << 60)) == []


def test_a_raised_epoch_is_kept(tmp_path: Path) -> None:
    """After the epoch was raised, later starts are above it; it never falls."""
    with live(tmp_path) as database:
        commit(database, RaiseEpoch(58), RaiseEpoch(3))
    with live(tmp_path) as database:
        assert database.state.epoch == 59


def test_a_database_that_was_never_closed_is_complete(tmp_path: Path) -> None:
    """A database whose aggregator was killed is complete: its WAL is read at the next opening."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 5))
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in tmp_path.glob("live.sqlite*"):
            (copy / file.name).write_bytes(file.read_bytes())
    with live(copy) as database:
        assert only_stream(database).last == 5


BATCHES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from(GapReason)), min_size=1, max_size=12)


@settings(max_examples=20)
@given(batches=BATCHES, dropped=st.lists(st.integers(0, 12), max_size=3))
def test_the_ledger_adds_up_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[int, int, GapReason]], dropped: list[int]
) -> None:
    """Whatever was stored, declared missing and removed, a restart finds the same balanced account."""
    folder = tmp_path_factory.mktemp("live")
    last = stored = 0
    with live(folder) as database:
        for number, (missing, count, reason) in enumerate(batches, start=1):
            if missing + count == 0:
                continue
            gaps = (Gap(last + 1, last + missing, reason),) if missing else ()
            commit(database, append(number, a_batch(last + missing + 1, count, skipped=gaps)))
            last, stored = last + missing + count, stored + count
        for up_to in dropped:
            commit(database, DropOldest(up_to))
    with live(folder) as reopened:
        stream = only_stream(reopened)
        assert (stream.last, stream.stored) == (last, stored)
        assert stream.balanced


def test_streams_are_named_by_their_identifier(tmp_path: Path) -> None:
    """A stream is found by the identifier that its agent gave it."""
    with live(tmp_path):
        pass
    with live(tmp_path) as database:
        assert only_stream(database).stream_id == STREAM
