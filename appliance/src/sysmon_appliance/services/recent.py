"""What the fleet page shows of the last minutes, read back after a start."""

from collections.abc import Iterator

import numpy as np

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.batches import HeadReader, StoredBatch
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import DAY_MS, Kind
from sysmon_appliance.domain.terms import Indexes
from sysmon_appliance.domain.tick_stream import TickChunk, TickRow, in_order
from sysmon_appliance.domain.ticks import TickReader


class RecentPast:
    """Reads the newest ticks of a host, from the head and, where it was sealed just now, from segments."""

    def __init__(self, head: HeadReader, segments: TickReader, clock: Clock) -> None:
        self._head = head
        self._segments = segments
        self._clock = clock

    def batches(self, host: int, span_ms: int) -> list[StoredBatch]:
        """Return what is stored of a host from `span_ms` before its newest tick on; nothing of silent ones.

        Raises
        ------
        StorageError, SegmentDamagedError, SegmentVersionError, StoreUnreachableError
            It cannot be read.
        """
        newest_ms = self._newest_ms(host)
        if newest_ms is None:
            return []
        start_ms = newest_ms - span_ms
        batches = list(self._head.batches(host, start_ms, newest_ms))
        until_ms = min((int(batch.wall_ms.min()) for batch in batches if len(batch.wall_ms)), default=newest_ms + 1)
        if until_ms <= start_ms:
            return batches
        return [*self._sealed(host, start_ms, until_ms - 1), *batches]

    def _newest_ms(self, host: int) -> int | None:
        """Find a host's newest tick; without any for a day there is nothing to show."""
        newest_ms = self._head.newest_ms(host)
        if newest_ms is not None:
            return newest_ms
        now_ms = self._clock.wall_ms()
        with self._segments.of_host(host, now_ms - DAY_MS, now_ms) as segments:
            rows = [row for merged in (False, True) for row in segments.rows(Kind.RAW, merged=merged)]
            return max((row.end_ms for row in rows), default=None)

    def _sealed(self, host: int, from_ms: int, to_ms: int) -> Iterator[StoredBatch]:
        with self._segments.of_host(host, from_ms, to_ms) as segments:
            rows = [row.ticks() for merged in (True, False) for row in segments.rows(Kind.RAW, merged=merged)]
            rows.sort(key=lambda ticks: int(ticks.t[0]))
            for chunk in in_order(map(TickRow, rows), _every_column, from_ms):
                yield from _as_batch(host, chunk, from_ms, to_ms)


def _every_column(schema: KnownSchema) -> Indexes:
    return np.arange(len(schema.schema.series))


def _as_batch(host: int, chunk: TickChunk, from_ms: int, to_ms: int) -> Iterator[StoredBatch]:
    """Make a batch of the ticks in from_ms..to_ms; when they arrived is not known any more."""
    start, end = np.searchsorted(chunk.t, [from_ms, to_ms + 1]).tolist()
    if start < end:
        t, values = chunk.t[start:end], chunk.values[:, start:end]
        yield StoredBatch(host, chunk.schema, t, values, skipped=(), tables=(), received_ms=int(t[-1]))
