"""One value of each message, whose bytes are kept for ever in tests/fixtures/wire."""

import struct
from dataclasses import replace

from sysmon_agent.names import PROCESS_COLUMNS, PROCESS_TABLE, STALE_NAN
from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import (
    Batch,
    ClockPair,
    Gap,
    GapReason,
    Hello,
    Reply,
    Schema,
    Series,
    TableRows,
    TableSchema,
)

STREAM = bytes(range(16))
BOOT = bytes(range(16, 32))
WALL_MS, BOOT_MS = 1_764_000_000_000, 86_400_000

SCHEMA = Schema(
    series=(
        Series("system.cpu.load_average.1m"),
        Series("system.memory.usage", (("system.memory.state", "used"),)),
        Series("system.network.io", (("network.interface.name", "eth0"), ("network.io.direction", "receive"))),
    ),
    tables=(TableSchema.of(PROCESS_TABLE, PROCESS_COLUMNS),),
)
PROCESSES = TableRows(
    rows_per_tick=(1, 2),
    columns=(
        (1.0, 1.0, 812.0),
        ("systemd", "systemd", "postgres"),
        ("root", "root", "postgres"),
        ("sleeping", "sleeping", "running"),
        (0.0, 0.001, 0.87),
        (12_345_344.0, 12_345_344.0, 268_435_456.0),
        (0.0, 0.0, 81_920.0),
        (0.0, 0.0, 1_048_576.0),
        (1.0, 1.0, 4.0),
        (1_763_913_600.0, 1_763_913_600.0, 1_763_913_700.5),
        ("/sbin/init", "/sbin/init", "postgres: größter Kunde"),
    ),
)
HELLO = Hello(
    stream_id=STREAM,
    last=4711,
    boot_id=BOOT,
    interval_ms=10_000,
    sent=ClockPair(WALL_MS, BOOT_MS),
    epoch=7,
    facts=(("host.name", "db-01"), ("os.type", "linux")),
    labels=(("env", "prod"), ("role", "db")),
    tags=("critical", "fra"),
    metadata=(("owner", "Zoë"),),
)
REPLY = Reply(epoch=7, stored=4711, durable=4700, stored_wall_ms=WALL_MS)
BATCH = Batch(
    stream_id=STREAM,
    first=4712,
    wall_ms=(WALL_MS, WALL_MS + 10_002),
    boot_ms=(BOOT_MS, BOOT_MS + 10_000),
    columns=struct.pack("<6d", 0.25, 0.5, 2_147_483_648, 2_147_487_744, 1_000_000, STALE_NAN),
    schema_hash=schema_hash(SCHEMA),
    sent=ClockPair(WALL_MS + 10_050, BOOT_MS + 10_048),
    skipped=(Gap(4700, 4709, GapReason.HOST_DOWN), Gap(4710, 4711, GapReason.AGENT_DOWN)),
    tables=(PROCESSES,),
)
BATCH_WITH_SCHEMA = Batch(
    stream_id=STREAM,
    first=1,
    wall_ms=(WALL_MS,),
    boot_ms=(BOOT_MS,),
    columns=struct.pack("<3d", 0.25, 2_147_483_648, 1_000_000),
    schema_hash=schema_hash(SCHEMA),
    sent=ClockPair(WALL_MS + 12, BOOT_MS + 12),
    schema=SCHEMA,
)
BATCH_OF_GAPS = Batch(
    stream_id=STREAM,
    first=11,
    wall_ms=(),
    boot_ms=(),
    columns=b"",
    schema_hash=schema_hash(SCHEMA),
    sent=ClockPair(WALL_MS, BOOT_MS),
    skipped=(Gap(1, 10, GapReason.SPOOL_FULL),),
)

HELLOS = {"hello": HELLO}
REPLIES = {"reply": REPLY, "reply-renew": replace(REPLY, renew=True)}
SCHEMAS = {"schema": SCHEMA}
BATCHES = {"batch": BATCH, "batch-with-schema": BATCH_WITH_SCHEMA, "batch-of-gaps": BATCH_OF_GAPS}
