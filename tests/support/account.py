"""What an agent has collected and what an aggregator has stored, read from their files when both have ended."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from sysmon_agent.spool.files import list_files, ticks_of
from sysmon_agent.spool.ticks import decode_tick
from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.messages import Batch, GapReason

_STREAMS = "SELECT streams.id, stream_id, base_last FROM streams JOIN hosts ON hosts.id = host WHERE host_id = :host"
_BODIES = "SELECT body FROM batches JOIN bodies USING (id) WHERE stream = :stream ORDER BY batches.id"
_GAPS = "SELECT first, last, reason FROM gaps WHERE stream = :stream"


@dataclass(frozen=True, slots=True)
class Taken:
    """A tick as anyone would recognise it, whichever number it carries."""

    wall_ms: int
    boot_ms: int
    values: bytes


@dataclass(slots=True)
class Stream:
    """All that an aggregator has of one stream."""

    ticks: dict[int, Taken] = field(default_factory=dict)
    doubled: list[int] = field(default_factory=list)
    missing: dict[int, GapReason] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return max([0, *self.ticks, *self.missing])

    def add(self, batch: Batch) -> None:
        for offset, tick in enumerate(ticks_in(batch)):
            number = batch.first + offset
            if number in self.ticks:
                self.doubled.append(number)
            self.ticks[number] = tick


def ticks_in(batch: Batch) -> Iterator[Taken]:
    """Undo the columns: one row of values for each tick."""
    values = memoryview(batch.columns).cast("d")
    for tick, (wall_ms, boot_ms) in enumerate(zip(batch.wall_ms, batch.boot_ms, strict=True)):
        yield Taken(wall_ms, boot_ms, bytes(values[tick :: batch.count]))


def collected(spool: Path) -> Counter[Taken]:
    """Count each tick that lies in a spool, delivered or not."""
    return Counter(
        tick
        for path in list_files(str(spool))
        for _, record in ticks_of(path, 0)
        for tick in ticks_in(decode_tick(record.payload))
    )


def stored(data: Path, host_id: str) -> list[Stream]:
    """Read every stream of a host out of a live database whose batches are all still in the head."""
    database = apsw.Connection(str(data / "live.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    streams = []
    for row, _, base_last in database.execute(_STREAMS, {"host": host_id}):
        assert base_last == 0, "batches have left the head"
        streams.append(_read_stream(database, int(str(row))))
    database.close()
    return streams


def _read_stream(database: apsw.Connection, row: int) -> Stream:
    stream = Stream()
    for (body,) in database.execute(_BODIES, {"stream": row}):
        assert isinstance(body, bytes)
        stream.add(decode_batch(body))
    for first, last, reason in database.execute(_GAPS, {"stream": row}):
        numbers = range(int(str(first)), int(str(last)) + 1)
        stream.missing.update(dict.fromkeys(numbers, GapReason(int(str(reason)))))
    return stream


def assert_whole(streams: list[Stream]) -> None:
    """The ledger's equation: each number up to the last is one tick, or missing with a reason, and never both."""
    for stream in streams:
        assert not stream.doubled
        assert not stream.ticks.keys() & stream.missing.keys()
        assert stream.ticks.keys() | stream.missing.keys() == set(range(1, stream.last + 1))
        assert GapReason.UNKNOWN not in stream.missing.values()


def assert_delivered_once(spool: Path, streams: list[Stream]) -> None:
    """Every tick that the agent has collected is stored, once, with the values that it had.

    An agent that is asked to end waits only a moment for its last answer, so what was taken after all that is stored
    may still wait in the spool.
    """
    found = Counter(tick for stream in streams for tick in stream.ticks.values())
    assert not [tick for tick, count in found.items() if count > 1]
    newest = max(tick.boot_ms for tick in found)
    assert not [tick for tick in collected(spool) - found if tick.boot_ms <= newest]


def reasons_in(streams: list[Stream]) -> set[GapReason]:
    """Tell why ticks are missing, overruns aside: on a machine without a moment to spare any tick may be one."""
    return {reason for stream in streams for reason in stream.missing.values()} - {GapReason.OVERRUN}
