"""The past of one host as one stream: out of the head, of segments and of rollups.

What is merged is read at the level that suits the window, or at another where that is not kept; what is not merged
yet is ticks, and is rolled up on the way where the rest is rollups. So an answer reaches from the oldest month to now.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from sysmon_appliance.domain.batches import HeadReader
from sysmon_appliance.domain.levels import Reading, Source, coarser
from sysmon_appliance.domain.rollup_stream import RollupChunk, merged, of_days, of_stored, of_ticks
from sysmon_appliance.domain.segments import DAY_MS, Kind
from sysmon_appliance.domain.tick_stream import Needed, TickChunk, TickRow, head_rows, in_order
from sysmon_appliance.domain.ticks import HostSegments, TickReader

Chunk = TickChunk | RollupChunk


@dataclass(frozen=True, slots=True)
class Stretch:
    """Times of which the past of a host is wanted; ticks from `reach_ms` before are read, for the first rates."""

    host: int  # Host.key
    from_ms: int
    to_ms: int
    reach_ms: int

    @property
    def days(self) -> range:
        return range((self.from_ms - self.reach_ms) // DAY_MS, self.to_ms // DAY_MS + 1)


class Ranges:
    """Reads the head and segments together. Calls block: for worker threads."""

    def __init__(self, head: HeadReader, segments: TickReader) -> None:
        self._head = head
        self._segments = segments

    @contextmanager
    def chunks(self, stretch: Stretch, wanted: Kind, needed: Needed) -> Iterator[Iterator[Chunk]]:
        """Give what is stored, in order of time and every tick once, for as long as the context is open.

        Raises
        ------
        SegmentDamagedError, SegmentVersionError
            A segment cannot be read; it will be left out when this is called again.
        """
        start_ms = stretch.from_ms - stretch.reach_ms
        # In this order: what is sealed in between is found in both, and not in neither.
        head = head_rows(self._head.batches(stretch.host, start_ms, stretch.to_ms))
        with self._segments.of_host(stretch.host, start_ms, stretch.to_ms) as segments:
            reading = Reading.of(segments, wanted, stretch.days)
            rows = heapq.merge(*_rows_of_ticks(segments, reading), head, key=_start_of_row)
            ticks = in_order(rows, needed, stretch.from_ms)
            streams = [_rollups(source, wanted, needed) for source in reading.sources if source.kind is not Kind.RAW]
            yield merged(heapq.merge(_at_level(ticks, reading), *streams, key=_start_of_chunk), needed)


def _start_of_row(row: TickRow) -> int:
    return row.start_ms


def _start_of_chunk(chunk: Chunk) -> int:
    return chunk.start_ms


def _rows_of_ticks(segments: HostSegments, reading: Reading) -> Iterator[Iterator[TickRow]]:
    yield (TickRow(row.ticks()) for row in segments.rows(Kind.RAW, merged=False))
    for source in reading.sources:
        if source.kind is Kind.RAW:
            yield (TickRow(row.ticks()) for row in source.rows)


def _rollups(source: Source, wanted: Kind, needed: Needed) -> Iterator[RollupChunk]:
    kind = coarser(source.kind, wanted)
    for row in source.rows:
        chunk = of_stored(row.rollups(), kind, needed)
        if source.has_all_of(row):
            yield chunk
        else:
            yield from of_days(chunk, source.days)


def _at_level(chunks: Iterable[TickChunk], reading: Reading) -> Iterator[Chunk]:
    """Roll ticks up where the rest of their day is rollups."""
    coarse = reading.coarse_days
    for chunk in chunks:
        for part, level in _parts(chunk, reading.wanted, coarse):
            yield part if level is Kind.RAW else of_ticks(part, level)


def _parts(chunk: TickChunk, wanted: Kind, coarse: Mapping[int, Kind]) -> Iterator[tuple[TickChunk, Kind]]:
    """Cut ticks where the level changes, which is between days."""
    if not coarse:
        yield chunk, wanted
        return
    days = chunk.t // DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        yield chunk.part(start, end), coarse.get(int(days[start]), wanted)
