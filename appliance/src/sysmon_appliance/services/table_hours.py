"""The rows of one table of a host, out of the head and of segments, an hour at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sysmon_agent.wire.messages import TableRows, TableSchema
from sysmon_appliance.domain.batches import HeadReader, StoredBatch
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.segments import HOUR_MS, Kind
from sysmon_appliance.domain.tables import StoredTable, joined_by_schema, stored_tables
from sysmon_appliance.domain.ticks import HostSegments, StoredRow, TickReader


class TableHours:
    """Reads one table of hosts. Calls block: for worker threads."""

    def __init__(self, head: HeadReader, segments: TickReader, table: str) -> None:
        self._head = head
        self._segments = segments
        self._table = table

    @contextmanager
    def between(
        self, host: int, from_ms: int, to_ms: int, *, newest_first: bool = False
    ) -> Iterator[Iterator[StoredTable]]:
        """Give the ticks in from_ms..to_ms, both included, by hour, for as long as the context is open.

        An hour is one table, and more where the columns changed; of two ticks of a time one is left.

        Raises
        ------
        SegmentDamagedError, SegmentVersionError
            A segment cannot be read; it will be left out when this is called again.
        """
        hours = list(_hours(from_ms, to_ms))
        if newest_first:
            hours.reverse()
        # In this order: what is sealed in between is found in both, and not in neither.
        heads = [self._head.batches(host, start_ms, end_ms, tables=True) for start_ms, end_ms in hours]
        with self._segments.of_host(host, from_ms, to_ms) as segments:
            rows = _rows_by_hour(segments)
            yield (
                table
                for (start_ms, end_ms), head in zip(hours, heads, strict=True)
                for whole in self._tables(rows.get(start_ms // HOUR_MS, ()), head)
                if len((table := whole.between(start_ms, end_ms)).t)
            )

    def _tables(self, rows: Iterable[StoredRow], head: Iterable[StoredBatch]) -> Sequence[StoredTable]:
        """Bring what is known of an hour together."""
        stored = (table for table in (row.table() for row in rows) if table.schema.name == self._table)
        return joined_by_schema(chain(stored, stored_tables(self._of_head(head))))

    def _of_head(self, batches: Iterable[StoredBatch]) -> Iterator[tuple[TableSchema, Times, TableRows]]:
        for batch in batches:
            place = batch.schema.table(self._table)
            if place is not None and place < len(batch.tables):
                yield batch.schema.schema.tables[place], batch.wall_ms, batch.tables[place]


def _hours(from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of time where an hour ends; both ends of each part are included."""
    while from_ms <= to_ms:
        end_ms = min(to_ms, from_ms - from_ms % HOUR_MS + HOUR_MS - 1)
        yield from_ms, end_ms
        from_ms = end_ms + 1


def _rows_by_hour(segments: HostSegments) -> dict[int, list[StoredRow]]:
    """Sort rows by their hour, and those of an hour as they arrived."""
    found: dict[int, list[StoredRow]] = {}
    rows = (*segments.rows(Kind.TABLES, merged=True), *segments.rows(Kind.TABLES, merged=False))
    for row in sorted(rows, key=lambda row: row.arrival):
        found.setdefault(row.start_ms // HOUR_MS, []).append(row)
    return found
