"""From bytes to values, trusting nothing.

Every function raises MalformedMessage when the bytes are no such message and OversizedMessage when they are more than
the limits allow; no other exception leaves this module.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.blocks import inflate, unpack_columns, unpack_strings
from sysmon_agent.wire.encode import hash_of
from sysmon_agent.wire.fields import BLOB, BLOBS, NUMBER, NUMBERS, read, shape, unzigzag
from sysmon_agent.wire.messages import (
    DEFAULT_LIMITS,
    Attributes,
    Batch,
    ClockPair,
    Column,
    ColumnKind,
    Gap,
    GapReason,
    Hello,
    Limits,
    Reply,
    Schema,
    Series,
    TableRows,
    TableSchema,
    kind_of,
)

LARGEST_NUMBER = 1 << 53
"""Of ticks, times and epochs: exact in JSON and in a float64."""
LARGEST_PROTOCOL = (1 << 32) - 1

PAIR = shape(key=BLOB, value=BLOB)
SERIES = shape(metric=BLOB, attributes=BLOBS)
COLUMN = shape(name=BLOB, kind=NUMBER)
TABLE_SCHEMA = shape(name=BLOB, columns=BLOBS)
SCHEMA = shape(series=BLOBS, tables=BLOBS)
GAP = shape(first=NUMBER, last=NUMBER, reason=NUMBER)
CLOCK_PAIR = shape(wall_ms=NUMBER, boot_ms=NUMBER)
TABLE_ROWS = shape(rows_per_tick=NUMBERS, numbers=BLOB, strings=BLOB, kinds=NUMBERS)
BATCH = shape(
    stream_id=BLOB,
    first=NUMBER,
    skipped=BLOBS,
    wall_ms=NUMBERS,
    boot_ms=NUMBERS,
    schema_hash=BLOB,
    columns=BLOB,
    tables=BLOBS,
    sent=BLOBS,
    schema=BLOBS,
)
HELLO = shape(
    protocol=NUMBER,
    stream_id=BLOB,
    last=NUMBER,
    boot_id=BLOB,
    interval_ms=NUMBER,
    sent=BLOBS,
    epoch=NUMBER,
    facts=BLOBS,
    labels=BLOBS,
    tags=BLOBS,
    metadata=BLOBS,
)
REPLY = shape(epoch=NUMBER, stored=NUMBER, durable=NUMBER, stored_wall_ms=NUMBER)

_REASONS = {int(reason): reason for reason in GapReason}
_KINDS = {int(kind): kind for kind in ColumnKind}


def decode_hello(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Hello:
    _check_body(body, limits)
    protocol, stream_id, last, boot_id, interval_ms, sent, epoch, facts, labels, tags, metadata = read(body, HELLO)
    _check_count(tags, limits.attributes, "tags")
    return Hello(
        stream_id=_identifier(stream_id, "stream"),
        last=_bounded(last),
        boot_id=_identifier(boot_id, "boot"),
        interval_ms=_positive(interval_ms, "interval"),
        sent=_clock(sent),
        epoch=_bounded(epoch),
        facts=_attributes(facts, limits),
        labels=_attributes(labels, limits),
        tags=tuple(_text(tag, limits) for tag in tags),
        metadata=_attributes(metadata, limits),
        protocol=_bounded(protocol, LARGEST_PROTOCOL),
    )


def decode_reply(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Reply:
    _check_body(body, limits)
    return Reply(*map(_bounded, read(body, REPLY)))


def decode_schema(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Schema:
    _check_body(body, limits)
    series, tables = read(body, SCHEMA)
    _check_count(series, limits.series, "series")
    _check_count(tables, limits.tables, "tables")
    return Schema(
        series=_distinct([_series(one, limits) for one in series], "series"),
        tables=tuple(_table(one, limits) for one in tables),
    )


def decode_batch(body: bytes, limits: Limits = DEFAULT_LIMITS, *, tables: bool = True) -> Batch:
    """Decode a batch; `columns` comes inflated and holds a whole number of series.

    `check_against` holds it to its schema. With `tables=False` the tables are left out and not even looked at: that is
    for bodies that were decoded in full when they were accepted.
    """
    _check_body(body, limits)
    stream_id, first, skipped, walls, boots, schema_name, packed, rows, sent, schema = read(body, BATCH)
    _check_count(walls, limits.ticks, "ticks")
    if len(boots) != len(walls):
        raise MalformedMessage(f"{len(walls)} wall times stand against {len(boots)} boot times.")
    columns = _columns(packed, len(walls), limits)
    return Batch(
        stream_id=_identifier(stream_id, "stream"),
        first=first,
        wall_ms=_times(walls),
        boot_ms=_times(boots),
        columns=columns,
        schema_hash=_identifier(schema_name, "schema"),
        sent=_clock(sent),
        skipped=_gaps(skipped, first, len(walls), limits),
        tables=_tables(rows, len(walls), limits.inflated_bytes - len(columns), limits) if tables and rows else (),
        schema=_named_schema(b"".join(schema), schema_name, limits) if schema else None,
    )


def check_against(batch: Batch, schema: Schema) -> None:
    """Refuse a batch that has not the shape of its schema; a batch may also carry no tables at all.

    Raises
    ------
    MalformedMessage
        Columns or tables do not fit.
    """
    if len(batch.columns) != 8 * batch.count * len(schema.series):
        raise MalformedMessage(f"The columns do not hold {len(schema.series)} series of {batch.count} ticks.")
    if not batch.tables:
        return
    if len(batch.tables) != len(schema.tables):
        raise MalformedMessage(f"The batch has {len(batch.tables)} tables, its schema {len(schema.tables)}.")
    for rows, table in zip(batch.tables, schema.tables, strict=True):
        _check_rows(rows, table)


def _check_rows(rows: TableRows, table: TableSchema) -> None:
    if len(rows.columns) != len(table.columns):
        raise MalformedMessage(f"Table {table.name} has {len(rows.columns)} columns, not {len(table.columns)}.")
    for values, column in zip(rows.columns, table.columns, strict=True):
        if values and kind_of(values) is not column.kind:
            raise MalformedMessage(f"Column {column.name} of table {table.name} is not of its kind.")


def _check_body(body: bytes, limits: Limits) -> None:
    if len(body) > limits.body_bytes:
        raise OversizedMessage(f"The message has {len(body)} bytes; {limits.body_bytes} are allowed.")


def _check_count(values: Sequence[object], limit: int, what: str) -> None:
    if len(values) > limit:
        raise OversizedMessage(f"The message has {len(values)} {what}; {limit} are allowed.")


def _identifier(value: bytes, what: str) -> bytes:
    if len(value) != 16:
        raise MalformedMessage(f"The {what}'s identifier has {len(value)} bytes, not 16.")
    return value


def _bounded(value: int, largest: int = LARGEST_NUMBER) -> int:
    if value > largest:
        raise MalformedMessage(f"{value} is above the largest number here, {largest}.")
    return value


def _positive(value: int, what: str) -> int:
    if not value:
        raise MalformedMessage(f"The {what} is zero.")
    return _bounded(value)


def _text(value: bytes, limits: Limits) -> str:
    if len(value) > limits.text_bytes:
        raise OversizedMessage(f"A text has {len(value)} bytes; {limits.text_bytes} are allowed.")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("A text is not UTF-8.") from None


def _name(value: bytes, limits: Limits) -> str:
    if not value:
        raise MalformedMessage("A name is empty.")
    return _text(value, limits)


def _attributes(pairs: Sequence[bytes], limits: Limits) -> Attributes:
    _check_count(pairs, limits.attributes, "attributes")
    attributes = tuple(_pair(pair, limits) for pair in pairs)
    for (before, _), (after, _) in pairwise(attributes):
        if before >= after:
            raise MalformedMessage(f"Attribute {after!r} is out of order, or there twice.")
    return attributes


def _pair(body: bytes, limits: Limits) -> tuple[str, str]:
    key, value = read(body, PAIR)
    return _name(key, limits), _text(value, limits)


def _clock(parts: Sequence[bytes]) -> ClockPair:
    if not parts:
        raise MalformedMessage("The clocks at sending are missing.")
    wall_ms, boot_ms = read(b"".join(parts), CLOCK_PAIR)
    return ClockPair(_bounded(wall_ms), _bounded(boot_ms))


def _series(body: bytes, limits: Limits) -> Series:
    metric, attributes = read(body, SERIES)
    return Series(_name(metric, limits), _attributes(attributes, limits))


def _table(body: bytes, limits: Limits) -> TableSchema:
    name, columns = read(body, TABLE_SCHEMA)
    _check_count(columns, limits.table_columns, "columns of a table")
    return TableSchema(_name(name, limits), tuple(_column(column, limits) for column in columns))


def _column(body: bytes, limits: Limits) -> Column:
    name, kind = read(body, COLUMN)
    return Column(_name(name, limits), _kind(kind))


def _kind(value: int) -> ColumnKind:
    if value not in _KINDS:
        raise MalformedMessage(f"A column has the unknown kind {value}.")
    return _KINDS[value]


def _distinct(series: list[Series], what: str) -> tuple[Series, ...]:
    if len(set(series)) != len(series):
        raise MalformedMessage(f"Two {what} are the same.")
    return tuple(series)


def _named_schema(body: bytes, name: bytes, limits: Limits) -> Schema:
    # The name is of the bytes as they came: fields that only a newer agent knows are part of it.
    if hash_of(body) != name:
        raise MalformedMessage("The schema is not the one that its hash names.")
    return decode_schema(body, limits)


def _columns(packed: bytes, ticks: int, limits: Limits) -> bytes:
    if not ticks:
        if packed:
            raise MalformedMessage("There are columns without ticks.")
        return b""
    columns = inflate(packed, min(limits.inflated_bytes, 8 * ticks * limits.series))
    if len(columns) % (8 * ticks):
        raise MalformedMessage(f"{len(columns)} bytes are no whole number of series of {ticks} ticks.")
    return columns


def _times(differences: Iterable[int]) -> tuple[int, ...]:
    times = tuple(accumulate(map(unzigzag, differences)))
    if times and not 0 <= min(times) <= max(times) <= LARGEST_NUMBER:
        raise MalformedMessage("A time is not between 0 and 2^53 milliseconds.")
    return times


def _gaps(bodies: Sequence[bytes], first: int, ticks: int, limits: Limits) -> tuple[Gap, ...]:
    """Decode the skipped numbers, and check that they and the ticks make one unbroken run."""
    _bounded(_positive(first, "number of the first tick") + ticks)
    if not bodies:
        if not ticks:
            raise MalformedMessage("The batch has neither ticks nor gaps.")
        return ()
    _check_count(bodies, limits.gaps, "gaps")
    gaps = tuple(map(_gap, bodies))
    for gap, following in zip(gaps, [*(gap.first for gap in gaps[1:]), first], strict=True):
        if gap.last + 1 != following:
            raise MalformedMessage(f"The gap {gap.first} to {gap.last} does not lie directly before {following}.")
    return gaps


def _gap(body: bytes) -> Gap:
    first, last, reason = read(body, GAP)
    if not 0 < first <= last:
        raise MalformedMessage(f"A gap from {first} to {last} is none.")
    # A reason that only a newer agent knows is still a gap.
    return Gap(first, last, _REASONS.get(reason, GapReason.UNKNOWN))


def _tables(bodies: Sequence[bytes], ticks: int, room: int, limits: Limits) -> tuple[TableRows, ...]:
    """Decode tables that together inflate to no more than `room` bytes."""
    _check_count(bodies, limits.tables, "tables")
    tables = []
    for body in bodies:
        rows, used = _rows(body, ticks, room, limits)
        tables.append(rows)
        room -= used
    return tuple(tables)


def _rows(body: bytes, ticks: int, room: int, limits: Limits) -> tuple[TableRows, int]:
    """Decode one table; return it and how many bytes it inflated to."""
    rows_per_tick, packed_numbers, packed_strings, kinds = read(body, TABLE_ROWS)
    if len(rows_per_tick) != ticks:
        raise MalformedMessage(f"A table has rows for {len(rows_per_tick)} ticks, not {ticks}.")
    _check_count(kinds, limits.table_columns, "columns of a table")
    total = sum(rows_per_tick)
    expected = 8 * total * len(kinds)
    if total > limits.table_rows or expected > room:
        raise OversizedMessage(f"A table of {total} rows is larger than allowed.")
    numbers = inflate(packed_numbers, expected)
    if len(numbers) != expected:
        raise MalformedMessage(f"A table of {total} rows and {len(kinds)} columns has {len(numbers)} bytes.")
    strings = inflate(packed_strings, room - expected)
    columns = unpack_columns(numbers, [_kind(kind) for kind in kinds], unpack_strings(strings))
    return TableRows(tuple(rows_per_tick), columns), expected + len(strings)
