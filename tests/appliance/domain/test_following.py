"""The rules by which a standby advances streams over what it finds."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.following import FollowedStreams
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.errors import ReplicaBrokenError, StorageError

OVERRUN = GapReason.OVERRUN


def followed(*streams: Stream) -> FollowedStreams:
    found = FollowedStreams()
    found.learn(streams or (Stream(1, 1, b"s"),))
    return found


def advance(streams: FollowedStreams, rows: Iterable[tuple[int, int]]) -> None:
    for first, count in rows:
        streams.advance(1, first=first, count=count, wall_ms=first)


pieces = st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=30)


def laid_out(found: Iterable[tuple[bool, int]]) -> tuple[list[tuple[int, int]], list[Gap]]:
    """Number ticks and gaps one after the other; return rows, as their first number and count, and gaps."""
    rows, gaps, last = [], [], 0
    for is_gap, count in found:
        if is_gap:
            gaps.append(Gap(last + 1, last + count, OVERRUN))
        else:
            rows.append((last + 1, count))
        last += count
    return rows, gaps


@given(found=pieces)
def test_whatever_continues_is_counted_in_full(found: list[tuple[bool, int]]) -> None:
    """Rows and gaps that follow each other make the account that the leader has."""
    rows, gaps = laid_out(found)
    streams = followed()
    streams.expect({1: gaps})
    advance(streams, rows)
    streams.finish()
    (stream,) = streams.all()
    assert (stream.last, stream.stored) == (sum(count for _, count in found), sum(count for _, count in rows))
    assert stream.balanced


@given(found=pieces.filter(len), data=st.data())
def test_whatever_is_left_out_is_noticed(found: list[tuple[bool, int]], data: st.DataObject) -> None:
    """Without any one of the rows and gaps, unless it was the last, the rest does not continue."""
    rows, gaps = laid_out([*found, (False, 1)])
    missing = data.draw(st.sampled_from([*rows[:-1], *gaps]))
    streams = followed()
    streams.expect({1: [gap for gap in gaps if gap is not missing]})
    with pytest.raises(ReplicaBrokenError, match="goes on with"):
        advance(streams, [row for row in rows if row is not missing])


def test_a_row_that_comes_twice_is_noticed() -> None:
    """Nothing is counted again that a stream has already."""
    streams = followed()
    streams.advance(1, first=1, count=3, wall_ms=1)
    with pytest.raises(ReplicaBrokenError, match="1 to 3 after 3"):
        streams.advance(1, first=1, count=3, wall_ms=1)


def test_only_what_has_moved_is_told() -> None:
    """Streams without news are not told of, and none twice."""
    streams = followed(Stream(1, 1, b"a"), Stream(2, 2, b"b"))
    streams.advance(2, first=1, count=1, wall_ms=1)
    assert [stream.key for stream in streams.take_moved()] == [2]
    assert streams.take_moved() == []


def test_streams_come_in_order_of_row_number() -> None:
    """A stream whose first commit failed stands where it would have stood."""
    streams = followed(Stream(3, 3, b"c"))
    streams.learn([Stream(2, 2, b"b"), Stream(3, 3, b"c")])
    assert [stream.key for stream in streams.all()] == [2, 3]


def test_known_streams_have_their_ends_from_rows() -> None:
    """What has left the head is behind what was followed; where it is ahead, rows went by unseen."""
    streams = followed(Stream(1, 1, b"a", last=5, stored=5))
    streams.learn([Stream(1, 1, b"a", last=3, stored=3), Stream(2, 2, b"b")])
    assert streams.ends == {1: 5, 2: 0}
    with pytest.raises(StorageError, match="too long"):
        streams.learn([Stream(1, 1, b"a", last=6, stored=6)])
