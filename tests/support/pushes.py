"""Batches and hellos as an agent would send them, with the interesting part as an argument."""

import struct
from collections.abc import Sequence
from dataclasses import replace

from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Attributes, Batch, ClockPair, Gap, Hello, Schema, Series

SCHEMA = Schema((Series("system.cpu.load_average.1m"), Series("system.uptime")))
HOST = "0123456789abcdef0123456789abcdef"
STREAM = b"stream of ticks."
BOOT = b"boot identifier."
NOW_MS = 1_800_000_000_000


def a_hello(
    *,
    stream: bytes = STREAM,
    last: int = 0,
    boot: bytes = BOOT,
    sent_ms: int = NOW_MS,
    epoch: int = 0,
    facts: Attributes = (("host.name", "web-01"),),
    protocol: int = 1,
) -> Hello:
    return Hello(
        stream_id=stream,
        last=last,
        boot_id=boot,
        interval_ms=1000,
        sent=ClockPair(sent_ms, 1000),
        epoch=epoch,
        facts=facts,
        protocol=protocol,
    )


def a_batch(
    first: int,
    count: int = 1,
    *,
    stream: bytes = STREAM,
    skipped: Sequence[Gap] = (),
    schema: Schema = SCHEMA,
    with_schema: bool = True,
    start_ms: int = NOW_MS,
    sent_ms: int = NOW_MS,
) -> Batch:
    """Ticks first, first+1, … a second apart; tick n has the values n, 100 n, … and tick 1 the time `start_ms`."""
    numbers = range(first, first + count)
    times = tuple(start_ms + 1000 * (number - 1) for number in numbers)
    values = [100.0**place * number for place in range(len(schema.series)) for number in numbers]
    return Batch(
        stream_id=stream,
        first=first,
        wall_ms=times,
        boot_ms=times,
        columns=struct.pack(f"<{len(values)}d", *values),
        schema_hash=schema_hash(schema),
        sent=ClockPair(sent_ms, 1000),
        skipped=tuple(skipped),
        schema=schema if with_schema else None,
    )


def a_body(
    first: int, count: int = 1, *, skipped: Sequence[Gap] = (), schema: Schema = SCHEMA, with_schema: bool = True
) -> bytes:
    return encode_batch(a_batch(first, count, skipped=skipped, schema=schema, with_schema=with_schema))


def gaps_alone(*gaps: Gap) -> Batch:
    empty = a_batch(gaps[-1].last + 1, 0, skipped=gaps, with_schema=False)
    return replace(empty, schema_hash=bytes(16))
