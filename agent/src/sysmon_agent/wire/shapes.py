"""Every message of sysmon.proto: its fields in the order of their numbers, and the kind of each."""

from sysmon_agent.wire.fields import BLOB, BLOBS, NUMBER, NUMBERS, shape

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
REPLY = shape(epoch=NUMBER, stored=NUMBER, durable=NUMBER, stored_wall_ms=NUMBER, renew=NUMBER)
