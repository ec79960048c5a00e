"""The decoder refuses what is malformed or too large, and reads what protobuf says must be read."""

import math
import zlib
from dataclasses import replace

import pytest

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.decode import check_against, decode_batch, decode_hello, decode_reply, decode_schema
from sysmon_agent.wire.encode import encode_batch, encode_hello, hash_of, schema_hash
from sysmon_agent.wire.fields import blob, message, number, numbers, text, zigzag
from sysmon_agent.wire.messages import (
    Column,
    ColumnKind,
    GapReason,
    Limits,
    Schema,
    Series,
    TableRows,
    TableSchema,
)
from tests.support.wire_bodies import (
    ANY_SCHEMA,
    SCHEMA_NAME,
    STREAM,
    batch,
    floats,
    gap,
    hello,
    key,
    packed,
    pair,
    rows,
    series,
)
from tests.support.wire_samples import BATCH, HELLO, SCHEMA

TEN_BYTE_NUMBER = b"\xff" * 9 + b"\x01"
MALFORMED_BATCHES = {
    "nothing": b"",
    "stream identifier of 15 bytes": batch(stream_id=blob(1, STREAM[1:])),
    "no stream identifier": batch(stream_id=b""),
    "schema identifier of 17 bytes": batch(schema_hash=blob(6, SCHEMA_NAME + b"x")),
    "first is zero": batch(first=b""),
    "first beyond 2^53": batch(first=number(2, (1 << 53) + 1)),
    "last beyond 2^53": batch(first=number(2, 1 << 53)),
    "more boot times than wall times": batch(boot_ms=numbers(5, [1, 2])),
    "a time below zero": batch(wall_ms=numbers(4, [zigzag(-1)])),
    "a time beyond 2^53": batch(wall_ms=numbers(4, [zigzag((1 << 53) + 1)])),
    "neither ticks nor gaps": batch(wall_ms=b"", boot_ms=b"", columns=b""),
    "columns without ticks": batch(wall_ms=b"", boot_ms=b"", skipped=gap(4, 4)),
    "columns not divisible by the ticks": batch(columns=blob(7, zlib.compress(floats(1.0)[:7]))),
    "columns that are not zlib": batch(columns=blob(7, b"not zlib")),
    "columns that end early": batch(columns=blob(7, packed(1.0, 2.0)[:-1])),
    "columns with something behind": batch(columns=blob(7, packed(1.0, 2.0) + b"x")),
    "columns with a wrong checksum": batch(columns=blob(7, packed(1.0, 2.0)[:-1] + b"\0")),
    "no clocks": batch(sent=b""),
    "a gap from zero": batch(skipped=gap(0, 4)),
    "a gap that ends before it begins": batch(skipped=gap(4, 3)),
    "a gap that is not adjacent to first": batch(skipped=gap(2, 3)),
    "a gap that overlaps first": batch(skipped=gap(2, 5)),
    "gaps with a hole": batch(skipped=gap(1, 1) + gap(3, 4)),
    "gaps out of order": batch(skipped=gap(3, 4) + gap(1, 2)),
    "gaps that overlap": batch(skipped=gap(1, 3) + gap(3, 4)),
    "a schema that its hash does not name": batch(schema=message(10, ANY_SCHEMA)),
    "table rows for other ticks": batch(tables=rows(counts=numbers(1, [1, 1]))),
    "table cells missing": batch(tables=rows(cells=packed(1, 2, 0))),
    "table without cells": batch(tables=rows(cells=b"")),
    "table column of unknown kind": batch(tables=rows(kinds=b"\0\2")),
    "table text above its strings": batch(tables=rows(cells=packed(1, 2, 0, 2))),
    "table text below its strings": batch(tables=rows(cells=packed(1, 2, 0, -1))),
    "table text that is no number": batch(tables=rows(cells=packed(1, 2, 0, math.nan))),
    "table text that is infinite": batch(tables=rows(cells=packed(1, 2, 0, math.inf))),
    "table strings without an end": batch(tables=rows(strings=zlib.compress(b"a\0b"))),
    "table strings that are not UTF-8": batch(tables=rows(strings=zlib.compress(b"a\0\xff\0"))),
    "a field cut short": batch()[:-1],
    "a key without a value": batch(key(2, 0)),
    "a length beyond the end": batch(key(99, 2) + b"\x7f"),
    "a number of 65 bits": batch(key(2, 0) + b"\xff" * 9 + b"\x02"),
    "a number of eleven bytes": batch(key(2, 0) + b"\x80" * 10 + b"\x01"),
    "a key beyond the largest field number": batch(b"\x80\x80\x80\x80\x10\x00"),
    "field number zero": batch(b"\x00\x00"),
    "a number where bytes belong": batch(key(7, 0) + b"\x01"),
    "bytes where a number belongs": batch(key(2, 2) + b"\x00"),
    "a group": batch(key(99, 3) + key(99, 4)),
    "wire type 7": batch(key(99, 7)),
    "packed numbers cut short": batch(wall_ms=blob(4, b"\x80")),
}
OVERSIZED_BATCHES = {
    "body": (batch(), Limits(body_bytes=20)),
    "ticks": (batch(wall_ms=numbers(4, [2, 2]), boot_ms=numbers(5, [2, 2])), Limits(ticks=1)),
    "series": (batch(), Limits(series=1)),
    "inflated bytes": (batch(), Limits(inflated_bytes=8)),
    "gaps": (batch(skipped=gap(3, 3) + gap(4, 4)), Limits(gaps=1)),
    "tables": (batch(tables=rows() + rows()), Limits(tables=1)),
    "table columns": (batch(tables=rows()), Limits(table_columns=1)),
    "table rows": (batch(tables=rows()), Limits(table_rows=1)),
    "table cells": (batch(tables=rows()), Limits(inflated_bytes=40)),
    "table strings": (batch(tables=rows()), Limits(inflated_bytes=50)),
    "tables together": (batch(tables=rows() + rows()), Limits(inflated_bytes=80)),
}
MALFORMED_HELLOS = {
    "boot identifier of 3 bytes": hello(boot_id=blob(4, b"abc")),
    "interval of zero": hello(interval_ms=b""),
    "no clocks": hello(sent=b""),
    "protocol beyond 32 bits": hello(protocol=number(1, 1 << 32)),
    "facts out of order": hello(facts=pair(8, b"b", b"") + pair(8, b"a", b"")),
    "a fact twice": hello(facts=pair(8, b"a", b"1") + pair(8, b"a", b"2")),
    "a fact without a name": hello(facts=pair(8, b"", b"1")),
    "a tag that is not UTF-8": hello(tags=message(10, b"\xff")),
}
MALFORMED_SCHEMAS = {
    "the same series twice": series(b"system.uptime") + series(b"system.uptime"),
    "a series without a metric": series(b""),
    "attributes out of order": series(b"m", pair(2, b"b", b""), pair(2, b"a", b"")),
    "a column of unknown kind": message(2, text(1, "t") + message(2, text(1, "c") + number(2, 9))),
    "a table without a name": message(2, message(2, text(1, "c"))),
}


@pytest.mark.parametrize("body", MALFORMED_BATCHES.values(), ids=MALFORMED_BATCHES)
def test_malformed_batch_is_refused(body: bytes) -> None:
    """A batch with one thing wrong is refused as malformed, whatever that thing is."""
    with pytest.raises(MalformedMessage):
        decode_batch(body)


@pytest.mark.parametrize(("body", "limits"), OVERSIZED_BATCHES.values(), ids=OVERSIZED_BATCHES)
def test_oversized_batch_is_refused(body: bytes, limits: Limits) -> None:
    """A batch that is sound but larger than one of the limits is refused as oversized."""
    decode_batch(body)
    with pytest.raises(OversizedMessage):
        decode_batch(body, limits)


@pytest.mark.parametrize("body", MALFORMED_HELLOS.values(), ids=MALFORMED_HELLOS)
def test_malformed_hello_is_refused(body: bytes) -> None:
    """A hello with one thing wrong is refused as malformed, whatever that thing is."""
    with pytest.raises(MalformedMessage):
        decode_hello(body)


@pytest.mark.parametrize("body", MALFORMED_SCHEMAS.values(), ids=MALFORMED_SCHEMAS)
def test_malformed_schema_is_refused(body: bytes) -> None:
    """A schema with one thing wrong is refused as malformed, whatever that thing is."""
    with pytest.raises(MalformedMessage):
        decode_schema(body)


def test_long_text_is_refused() -> None:
    """A text longer than the limit is refused as oversized."""
    with pytest.raises(OversizedMessage):
        decode_hello(hello(tags=message(10, b"x" * 4097)))


def test_bomb_is_refused_before_it_is_inflated() -> None:
    """A small body that inflates to a gigabyte is refused at the limit."""
    stream = zlib.compressobj(9)
    bomb = b"".join(stream.compress(bytes(1 << 20)) for _ in range(1 << 8)) + stream.flush()
    with pytest.raises(OversizedMessage):
        decode_batch(batch(columns=blob(7, bomb)))


def test_unknown_fields_are_skipped() -> None:
    """Fields that only a newer agent knows are skipped, of whatever wire type."""
    newer = number(100, 1 << 63) + message(101, b"new") + key(102, 1) + bytes(8) + key(103, 5) + bytes(4)
    assert decode_batch(batch(newer)) == decode_batch(batch())


def test_last_of_a_repeated_field_wins() -> None:
    """Where a single field comes twice, the later one counts."""
    assert decode_batch(batch(number(2, 77))).first == 77


def test_parts_of_a_message_are_merged() -> None:
    """Where an embedded message comes in two parts, they count as one."""
    both = decode_batch(batch(sent=message(9, number(1, 3)) + message(9, number(2, 4)))).sent
    assert (both.wall_ms, both.boot_ms) == (3, 4)


def test_unpacked_numbers_are_accepted() -> None:
    """Repeated numbers may come one by one, as protobuf allows."""
    loose = batch(wall_ms=number(4, zigzag(1000)))
    assert decode_batch(loose) == decode_batch(batch())


def test_largest_number_of_a_varint_is_read() -> None:
    """A number of 64 bits in an unknown field is read to its end."""
    assert decode_batch(batch(key(100, 0) + TEN_BYTE_NUMBER)) == decode_batch(batch())


def test_unknown_reason_is_still_a_gap() -> None:
    """A gap whose reason only a newer agent knows is kept as a gap of unknown reason."""
    assert decode_batch(batch(skipped=gap(4, 4, reason=250))).skipped[0].reason is GapReason.UNKNOWN


def test_times_may_step_back() -> None:
    """Ticks whose wall clock was set back are no reason to refuse a batch."""
    stepped = replace(BATCH, wall_ms=(5_000, 1_000))
    assert decode_batch(encode_batch(stepped)).wall_ms == (5_000, 1_000)


def test_schema_of_a_newer_agent_keeps_its_name() -> None:
    """A schema with fields that only a newer agent knows is named by the bytes that came."""
    newer = ANY_SCHEMA + message(99, b"new")
    body = batch(schema_hash=blob(6, hash_of(newer)), schema=message(10, newer))
    assert decode_batch(body).schema == Schema((Series("system.uptime"),))


def test_reply_of_nothing_is_all_zeros() -> None:
    """An empty reply is one whose numbers are all zero, as protobuf has it."""
    assert decode_reply(b"").stored == 0


def test_text_in_no_encoding_is_sent_as_question_marks() -> None:
    """A fact or a process name that is not UTF-8 does not stop delivery."""
    broken = replace(HELLO, tags=("caf\udce9",))
    assert decode_hello(encode_hello(broken)).tags == ("caf?",)


def test_zero_byte_in_a_cell_is_replaced() -> None:
    """A zero byte inside a table's text, which would end it, is sent as U+FFFD."""
    table = TableRows((1, 0), (("a\0b",),))
    assert decode_batch(encode_batch(replace(BATCH, tables=(table,)))).tables[0].columns == (("a\ufffdb",),)


def test_batch_must_fit_its_schema() -> None:
    """A batch whose columns or tables are not those of its schema is refused."""
    check_against(BATCH, SCHEMA)
    check_against(replace(BATCH, tables=()), SCHEMA)
    text_only = TableSchema("processes", tuple(Column(c.name, ColumnKind.TEXT) for c in SCHEMA.tables[0].columns))
    misfits = (
        Schema(SCHEMA.series[1:], SCHEMA.tables),
        Schema(SCHEMA.series, ()),
        Schema(SCHEMA.series, (TableSchema("processes", SCHEMA.tables[0].columns[1:]),)),
        Schema(SCHEMA.series, (text_only,)),
    )
    for schema in misfits:
        with pytest.raises(MalformedMessage):
            check_against(BATCH, schema)


def test_sample_schema_is_named_as_the_batch_says() -> None:
    """The kept batch names the kept schema."""
    assert BATCH.schema_hash == schema_hash(SCHEMA)
