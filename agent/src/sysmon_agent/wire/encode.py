"""From values to bytes, the same bytes each time: protobuf's with its fields in order and defaults left out."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain

from sysmon_agent.wire.blocks import deflate, pack_rows
from sysmon_agent.wire.fields import blob, message, number, numbers, text, utf8, zigzag
from sysmon_agent.wire.messages import (
    Attributes,
    Batch,
    ClockPair,
    Column,
    Gap,
    Hello,
    Reply,
    Schema,
    Series,
    TableRows,
    TableSchema,
    kind_of,
)


def encode_hello(hello: Hello) -> bytes:
    return b"".join(
        (
            number(1, hello.protocol),
            blob(2, hello.stream_id),
            number(3, hello.last),
            blob(4, hello.boot_id),
            number(5, hello.interval_ms),
            message(6, _clock(hello.sent)),
            number(7, hello.epoch),
            _pairs(8, hello.facts),
            _pairs(9, hello.labels),
            b"".join(message(10, utf8(tag)) for tag in hello.tags),
            _pairs(11, hello.metadata),
        )
    )


def encode_reply(reply: Reply) -> bytes:
    return (
        number(1, reply.epoch)
        + number(2, reply.stored)
        + number(3, reply.durable)
        + number(4, reply.stored_wall_ms)
        + number(5, reply.renew)
    )


def encode_batch(batch: Batch) -> bytes:
    return b"".join(
        (
            blob(1, batch.stream_id),
            number(2, batch.first),
            b"".join(message(3, _gap(gap)) for gap in batch.skipped),
            numbers(4, _differences(batch.wall_ms)),
            numbers(5, _differences(batch.boot_ms)),
            blob(6, batch.schema_hash),
            blob(7, deflate(batch.columns)),
            b"".join(message(8, _rows(rows)) for rows in batch.tables),
            message(9, _clock(batch.sent)),
            b"" if batch.schema is None else message(10, encode_schema(batch.schema)),
        )
    )


def encode_schema(schema: Schema) -> bytes:
    return b"".join(
        chain(
            (message(1, _series(series)) for series in schema.series),
            (message(2, _table(table)) for table in schema.tables),
        )
    )


def schema_hash(schema: Schema) -> bytes:
    """Return the 16 bytes that name a schema."""
    return hash_of(encode_schema(schema))


def hash_of(encoded_schema: bytes) -> bytes:
    return sha256(encoded_schema).digest()[:16]


def _clock(pair: ClockPair) -> bytes:
    return number(1, pair.wall_ms) + number(2, pair.boot_ms)


def _gap(gap: Gap) -> bytes:
    return number(1, gap.first) + number(2, gap.last) + number(3, gap.reason)


def _differences(times: Sequence[int]) -> Iterator[int]:
    """Yield the first time, then each one's distance from the one before, zigzagged."""
    before = 0
    for time in times:
        yield zigzag(time - before)
        before = time


def _rows(rows: TableRows) -> bytes:
    packed, strings = pack_rows(rows)
    return (
        numbers(1, rows.rows_per_tick)
        + blob(2, packed)
        + blob(3, strings)
        + numbers(4, (kind_of(column) for column in rows.columns))
    )


def _series(series: Series) -> bytes:
    return text(1, series.metric) + _pairs(2, series.attributes)


def _table(table: TableSchema) -> bytes:
    return text(1, table.name) + b"".join(message(2, _column(column)) for column in table.columns)


def _column(column: Column) -> bytes:
    return text(1, column.name) + number(2, column.kind)


def _pairs(field: int, pairs: Attributes) -> bytes:
    return b"".join(message(field, text(1, key) + text(2, value)) for key, value in pairs)
