"""From bytes to values, trusting nothing.

Every function raises MalformedMessage when the bytes are no such message and OversizedMessage when they are more than
the limits allow; no other exception leaves this module.
"""

from collections.abc import Iterable, Sequence

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.blocks import inflate, unpack_columns, unpack_strings
from sysmon_agent.wire.checks import (
    LARGEST_NUMBER,
    LARGEST_PROTOCOL,
    attributes,
    bounded,
    check_body,
    check_count,
    clock_pair,
    identifier,
    name,
    positive,
    text,
)
from sysmon_agent.wire.encode import hash_of
from sysmon_agent.wire.fields import read, unzigzag
from sysmon_agent.wire.messages import (
    DEFAULT_LIMITS,
    Batch,
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
from sysmon_agent.wire.shapes import BATCH, COLUMN, GAP, HELLO, REPLY, SCHEMA, SERIES, TABLE_ROWS, TABLE_SCHEMA

_KINDS = {int(kind): kind for kind in ColumnKind}


def decode_hello(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Hello:
    check_body(body, limits)
    protocol, stream_id, last, boot_id, interval_ms, sent, epoch, facts, labels, tags, metadata = read(body, HELLO)
    check_count(tags, limits.attributes, "tags")
    return Hello(
        stream_id=identifier(stream_id, "stream"),
        last=bounded(last),
        boot_id=identifier(boot_id, "boot"),
        interval_ms=positive(interval_ms, "interval"),
        sent=clock_pair(sent),
        epoch=bounded(epoch),
        facts=attributes(facts, limits),
        labels=attributes(labels, limits),
        tags=tuple(text(tag, limits) for tag in tags),
        metadata=attributes(metadata, limits),
        protocol=bounded(protocol, LARGEST_PROTOCOL),
    )


def decode_reply(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Reply:
    check_body(body, limits)
    *numbers, renew = read(body, REPLY)
    epoch, stored, durable, stored_wall_ms = map(bounded, numbers)
    return Reply(epoch, stored, durable, stored_wall_ms, renew=bool(renew))


def decode_schema(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Schema:
    check_body(body, limits)
    series, tables = read(body, SCHEMA)
    check_count(series, limits.series, "series")
    check_count(tables, limits.tables, "tables")
    return Schema(
        series=_distinct([_series(one, limits) for one in series]),
        tables=tuple(_table(one, limits) for one in tables),
    )


def decode_batch(body: bytes, limits: Limits = DEFAULT_LIMITS, *, tables: bool = True) -> Batch:
    """Decode a batch; `columns` comes inflated and holds a whole number of series.

    `check_against` holds it to its schema. With `tables=False` the tables are left out and not even looked at: that is
    for bodies that were decoded in full when they were accepted.
    """
    check_body(body, limits)
    stream_id, first, skipped, walls, boots, schema_name, packed, rows, sent, schema = read(body, BATCH)
    check_count(walls, limits.ticks, "ticks")
    if len(boots) != len(walls):
        raise MalformedMessage(f"{len(walls)} wall times stand against {len(boots)} boot times.")
    columns = _columns(packed, len(walls), limits)
    return Batch(
        stream_id=identifier(stream_id, "stream"),
        first=first,
        wall_ms=_times(walls),
        boot_ms=_times(boots),
        columns=columns,
        schema_hash=identifier(schema_name, "schema"),
        sent=clock_pair(sent),
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


def _series(body: bytes, limits: Limits) -> Series:
    metric, pairs = read(body, SERIES)
    return Series(name(metric, limits), attributes(pairs, limits))


def _table(body: bytes, limits: Limits) -> TableSchema:
    table_name, columns = read(body, TABLE_SCHEMA)
    check_count(columns, limits.table_columns, "columns of a table")
    return TableSchema(name(table_name, limits), tuple(_column(column, limits) for column in columns))


def _column(body: bytes, limits: Limits) -> Column:
    column_name, kind = read(body, COLUMN)
    return Column(name(column_name, limits), _kind(kind))


def _kind(value: int) -> ColumnKind:
    if value not in _KINDS:
        raise MalformedMessage(f"A column has the unknown kind {value}.")
    return _KINDS[value]


def _distinct(series: list[Series]) -> tuple[Series, ...]:
    if len(set(series)) != len(series):
        raise MalformedMessage("Two series are the same.")
    return tuple(series)


def _named_schema(body: bytes, schema_name: bytes, limits: Limits) -> Schema:
    # The name is of the bytes as they came: fields that only a newer agent knows are part of it.
    if hash_of(body) != schema_name:
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
    time, times = 0, []
    for difference in differences:
        time += unzigzag(difference)
        if not 0 <= time <= LARGEST_NUMBER:
            raise MalformedMessage("A time is not between 0 and 2^53 milliseconds.")
        times.append(time)
    return tuple(times)


def _gaps(bodies: Sequence[bytes], first: int, ticks: int, limits: Limits) -> tuple[Gap, ...]:
    """Decode the skipped numbers, and check that they and the ticks make one unbroken run."""
    bounded(positive(first, "number of the first tick") + ticks)
    if not bodies:
        if not ticks:
            raise MalformedMessage("The batch has neither ticks nor gaps.")
        return ()
    check_count(bodies, limits.gaps, "gaps")
    gaps = tuple(map(_gap, bodies))
    for gap, following in zip(gaps, [*(gap.first for gap in gaps[1:]), first], strict=True):
        if gap.last + 1 != following:
            raise MalformedMessage(f"The gap {gap.first} to {gap.last} does not lie directly before {following}.")
    return gaps


def _gap(body: bytes) -> Gap:
    first, last, reason = read(body, GAP)
    if not 0 < first <= last:
        raise MalformedMessage(f"A gap from {first} to {last} is none.")
    return Gap(first, last, GapReason.of(reason))


def _tables(bodies: Sequence[bytes], ticks: int, room: int, limits: Limits) -> tuple[TableRows, ...]:
    """Decode tables that together inflate to no more than `room` bytes."""
    check_count(bodies, limits.tables, "tables")
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
    check_count(kinds, limits.table_columns, "columns of a table")
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
