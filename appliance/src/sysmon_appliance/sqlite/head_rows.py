"""Rows of the head as whoever follows the database reads them: in order, and none believed before it was decoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apsw

from sysmon_agent.errors import MalformedMessage
from sysmon_agent.wire.decode import check_against, decode_batch
from sysmon_agent.wire.messages import NO_LIMITS, Batch, Gap, GapReason
from sysmon_appliance.domain.batches import StoredBatch, stored_batch
from sysmon_appliance.domain.following import broken
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.sqlite.load import load_streams

_ROWS = """
SELECT batches.id, stream, schema, first, count, start_ms, end_ms, last_ms, offset_ms, received_ms, body
FROM batches LEFT JOIN bodies USING (id)
WHERE batches.id > :after ORDER BY batches.id LIMIT :most
"""
_SEALED = "SELECT stream, first, count, last_ms FROM batches WHERE id <= :up_to ORDER BY id"
_ALL_GAPS = "SELECT stream, first, last, reason FROM gaps ORDER BY stream, first"
_GAPS = "SELECT stream, first, last, reason FROM gaps WHERE stream = :stream AND first > :last ORDER BY first"
_OLDEST = "SELECT min(id) FROM batches"

MOST_ROWS = 4000
_MOST_BYTES = 16 << 20
"""What one reading takes at most: whoever changes the copy waits for it."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A row of the head as it stands there."""

    id: int
    stream: int
    schema: int
    first: int
    count: int
    start_ms: int
    end_ms: int
    last_ms: int
    offset_ms: int
    received_ms: int
    body: bytes | None


def read_rows(connection: apsw.Connection, after: int) -> tuple[list[HeadRow], bool]:
    """Return some of the rows beyond one, in order, and whether there are more."""
    rows: list[HeadRow] = []
    size = 0
    for row in connection.execute(_ROWS, {"after": after, "most": MOST_ROWS}):
        rows.append(HeadRow(*row))
        size += len(rows[-1].body or b"")
        if size > _MOST_BYTES:
            return rows, True
    return rows, len(rows) == MOST_ROWS


def sealed_streams(connection: apsw.Connection, up_to: int) -> Sequence[Stream]:
    """Return streams as they were after row `up_to`; up to there all is in segments, and rows are counted alone.

    Raises
    ------
    ReplicaBrokenError
        The ledger of a stream does not add up.
    """
    streams = load_streams(connection)
    for key, first, count, last_ms in connection.execute(_SEALED, {"up_to": up_to}):
        streams[key].commit(last=first + count - 1, count=count, skipped=(), wall_ms=last_ms)
    for key, gap in map(_gap, connection.execute(_ALL_GAPS)):
        missing = streams[key].missing
        if gap.first <= streams[key].last:
            missing[gap.reason] = missing.get(gap.reason, 0) + gap.count
    for stream in streams.values():
        if not stream.balanced:
            raise broken(f"The ledger of stream {stream.key} does not add up.")
    return list(streams.values())


def read_gaps(connection: apsw.Connection, ends: Mapping[int, int]) -> dict[int, list[Gap]]:
    """Return what streams, by row number, have declared missing beyond their ends."""
    bindings = ({"stream": key, "last": last} for key, last in ends.items())
    found: dict[int, list[Gap]] = {}
    for key, gap in map(_gap, connection.executemany(_GAPS, bindings)):
        found.setdefault(key, []).append(gap)
    return found


def oldest_row(connection: apsw.Connection) -> int | None:
    oldest: int | None = connection.execute(_OLDEST).get
    return oldest


def verified(row: HeadRow, stream: Stream, schema: KnownSchema) -> StoredBatch:
    """Decode a row, and hold it against what its columns, its stream and its schema say.

    Raises
    ------
    ReplicaBrokenError
        They contradict each other.
    """
    if row.body is None:
        raise broken(f"Row {row.id} has no body.")
    try:
        batch = decode_batch(row.body, NO_LIMITS)
        check_against(batch, schema.schema)
    except MalformedMessage as error:
        raise broken(f"Row {row.id} cannot be decoded: {error.message}") from error
    if not _agrees(row, batch, stream, schema):
        raise broken(f"Row {row.id} holds another batch than it says.")
    return stored_batch(batch, host=stream.host, schema=schema, offset_ms=row.offset_ms, received_ms=row.received_ms)


def _agrees(row: HeadRow, batch: Batch, stream: Stream, schema: KnownSchema) -> bool:
    if not batch.count:
        return False  # one of gaps alone has no row
    found = (batch.stream_id, batch.schema_hash, batch.first, batch.count, batch.wall_ms[-1])
    corrected = (min(batch.wall_ms) + row.offset_ms, max(batch.wall_ms) + row.offset_ms)
    said = (stream.stream_id, schema.hash, row.first, row.count, row.last_ms)
    return (*found, *corrected) == (*said, row.start_ms, row.end_ms)


def _gap(row: tuple[int, int, int, int]) -> tuple[int, Gap]:
    stream, first, last, reason = row
    return stream, Gap(first, last, GapReason.of(reason))
