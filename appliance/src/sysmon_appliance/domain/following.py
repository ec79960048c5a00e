"""What a standby reads out of the copy that it follows, and the rules by which it notices that something is wrong.

A leader judges each batch once; a standby judges it again by what it finds in its copy. Every row must continue its
stream as it would have had to continue it at the leader, so nothing can be missing, doubled or out of order unseen.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sysmon_agent.wire.messages import Gap
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream, Verdict, admit
from sysmon_appliance.errors import ReplicaBrokenError, StorageError


@dataclass(frozen=True, slots=True)
class News:
    """What has come since the last time; everything up to `mark` has been read, decoded and found to continue."""

    cluster_id: str
    epoch: int
    mark: int  # stays where it was while there is `more`
    version: int
    batches: Sequence[StoredBatch] = ()  # in the order in which they were committed
    streams: Sequence[Stream] = ()  # as they are now, of those that have moved
    state: State | None = None  # all that is known, where more than the head has changed
    more: bool = False  # there is so much that it takes another reading at once


class NewsReader(Protocol):
    """Reads a copy that somebody else keeps changing."""

    def news(self) -> News:
        """Read what has come since the last time; blocks, and belongs to one thread at a time.

        Raises
        ------
        StorageError
            It cannot be read now, and nothing was taken in; later it may.
        ReplicaBrokenError
            What it holds cannot be what the leader wrote.
        """


class FollowedStreams:
    """Streams, advanced by the rows that are found, and by nothing that does not continue them."""

    def __init__(self) -> None:
        self._streams: dict[int, Stream] = {}
        self._gaps: dict[int, deque[Gap]] = {}  # beyond the ends of their streams
        self._moved: set[int] = set()

    def __getitem__(self, key: int) -> Stream:
        if key not in self._streams:
            raise broken(f"A row is of stream {key}, which is not there.")
        return self._streams[key]

    @property
    def ends(self) -> Mapping[int, int]:
        """The last number of each stream, by row number."""
        return {key: stream.last for key, stream in self._streams.items()}

    def learn(self, streams: Iterable[Stream]) -> None:
        """Take in streams that were opened since, as far as they have left the head; known ones are further here.

        Raises
        ------
        StorageError
            Rows have left the head that were never seen: nobody looked for an hour.
        """
        for stream in streams:
            if self._streams.setdefault(stream.key, stream).last < stream.last:
                raise StorageError("The copy of the live database was not read for too long.", hint="sysmon ha status")

    def expect(self, gaps: Mapping[int, Iterable[Gap]]) -> None:
        """Take in, in order, the gaps that are declared beyond the ends of streams, in place of those known before."""
        self._gaps = {key: deque(declared) for key, declared in gaps.items()}

    def advance(self, key: int, *, first: int, count: int, wall_ms: int) -> Stream:
        """Let a stream have the ticks of a row.

        Raises
        ------
        ReplicaBrokenError
            They do not continue it.
        """
        stream, to = self[key], first + count - 1
        self._skip(stream, up_to=first - 1)
        if admit(last=stream.last, first=first, to=to) is not Verdict.ACCEPT:
            raise broken(f"Stream {key} goes on with {first} to {to} after {stream.last}.")
        stream.commit(last=to, count=count, skipped=(), wall_ms=wall_ms)
        self._moved.add(key)
        return stream

    def finish(self) -> None:
        """Let streams skip what was declared after their last ticks, once all rows were read.

        Raises
        ------
        ReplicaBrokenError
            A gap does not continue its stream.
        """
        for key, declared in self._gaps.items():
            if declared:
                self._skip(self[key], up_to=declared[-1].last)
            if declared:
                raise broken(f"Stream {key} has a gap from {declared[0].first} on, after {self[key].last}.")

    def all(self) -> Sequence[Stream]:
        """Return all streams as they are now, in order of row number, for others to keep."""
        return [_copy(self._streams[key]) for key in sorted(self._streams)]

    def take_moved(self) -> Sequence[Stream]:
        """Return those that have moved since the last time, for others to keep."""
        moved, self._moved = self._moved, set()
        return [_copy(self._streams[key]) for key in sorted(moved)]

    def _skip(self, stream: Stream, *, up_to: int) -> None:
        declared = self._gaps.get(stream.key)
        while declared and declared[0].first == stream.last + 1 and declared[0].last <= up_to:
            gap = declared.popleft()
            stream.commit(last=gap.last, count=0, skipped=(gap,), wall_ms=0)
            self._moved.add(stream.key)


def broken(what: str) -> ReplicaBrokenError:
    """Say what is wrong with a copy."""
    return ReplicaBrokenError(f"The copy of the live database is broken: {what}", hint="sysmon ha status")


def _copy(stream: Stream) -> Stream:
    return replace(stream, missing=dict(stream.missing), tentative=stream.last)
