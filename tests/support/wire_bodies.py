"""Messages put together by hand, so that a test can get one field wrong."""

import struct
import zlib

from sysmon_agent.wire.encode import encode_schema
from sysmon_agent.wire.fields import blob, message, number, numbers, varint, zigzag
from sysmon_agent.wire.messages import Schema, Series

STREAM, SCHEMA_NAME, BOOT = b"s" * 16, b"h" * 16, b"b" * 16
CLOCKS = number(1, 1000) + number(2, 500)


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def packed(*values: float) -> bytes:
    """Return a compressed block of numbers."""
    return zlib.compress(floats(*values))


def gap(first: int, last: int, reason: int = 1) -> bytes:
    return message(3, number(1, first) + number(2, last) + number(3, reason))


def rows(
    *,
    counts: bytes = numbers(1, [2]),
    cells: bytes = packed(1, 2, 0, 1),
    strings: bytes = zlib.compress(b"a\0b\0"),
    kinds: bytes = b"\0\1",
) -> bytes:
    """Return a table of two rows: a column of numbers and one of texts."""
    return message(8, counts + blob(2, cells) + blob(3, strings) + message(4, kinds))


def batch(extra: bytes = b"", **changed: bytes) -> bytes:
    """Return a batch of one tick and two series; `changed` replaces whole fields, `extra` is added at the end."""
    fields = {
        "stream_id": blob(1, STREAM),
        "first": number(2, 5),
        "skipped": b"",
        "wall_ms": numbers(4, [zigzag(1000)]),
        "boot_ms": numbers(5, [zigzag(500)]),
        "schema_hash": blob(6, SCHEMA_NAME),
        "columns": blob(7, packed(1.0, 2.0)),
        "tables": b"",
        "sent": message(9, CLOCKS),
        "schema": b"",
    }
    assert changed.keys() <= fields.keys()
    return b"".join((fields | changed).values()) + extra


def hello(extra: bytes = b"", **changed: bytes) -> bytes:
    """Return a hello; `changed` replaces whole fields, `extra` is added at the end."""
    fields = {
        "protocol": number(1, 1),
        "stream_id": blob(2, STREAM),
        "boot_id": blob(4, BOOT),
        "interval_ms": number(5, 10_000),
        "sent": message(6, CLOCKS),
        "facts": b"",
        "tags": b"",
    }
    assert changed.keys() <= fields.keys()
    return b"".join((fields | changed).values()) + extra


def pair(field: int, key: bytes, value: bytes) -> bytes:
    return message(field, blob(1, key) + blob(2, value))


def series(metric: bytes, *pairs: bytes) -> bytes:
    return message(1, blob(1, metric) + b"".join(pairs))


def key(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)


ANY_SCHEMA = encode_schema(Schema((Series("system.uptime"),)))
