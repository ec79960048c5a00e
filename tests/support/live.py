"""A live database on a temporary file, spoken to as ingest does."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, Gap
from sysmon_appliance.domain.changes import AppendBatch, Change, OpenStream, SaveHost, SaveSchema
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.clock import ManualClock
from tests.support.pushes import BOOT, HOST, NOW_MS, SCHEMA, STREAM, a_batch

A_HOST = Host(
    key=1,
    host_id=HOST,
    name="web-01",
    interval_ms=1000,
    first_seen_ms=NOW_MS,
    boot_id=BOOT.hex(),
    facts=(("host.name", "web-01"),),
    labels=(("role", "web"),),
    tags=("blue",),
    metadata=(("owner", "ops"),),
)
A_SCHEMA = KnownSchema(1, schema_hash(SCHEMA), SCHEMA)
BEGINNING: tuple[Change, ...] = (SaveHost(A_HOST), SaveSchema(A_SCHEMA), OpenStream(1, 1, STREAM))


def commit(database: LiveDatabase, *changes: Change) -> SysmonError | None:
    """Commit a group, and return why it failed, if it did."""
    settled: Future[SysmonError | None] = Future()
    database.writer.commit(changes, settled.set_result)
    return settled.result(timeout=20)


def append(
    number: int, batch: Batch | None = None, *, offset_ms: int = 0, received_ms: int = NOW_MS, body: bytes | None = None
) -> AppendBatch:
    """Row `number` of the head: by default the tick of that number."""
    batch = batch or a_batch(number)
    schema = A_SCHEMA.key if batch.count else 0
    encoded = encode_batch(batch) if body is None else body
    return AppendBatch(number, 1, 1, schema, batch, encoded, offset_ms, received_ms)


def appends(first: int, count: int, *, received_ms: int = NOW_MS) -> Sequence[AppendBatch]:
    return [append(number, received_ms=received_ms) for number in range(first, first + count)]


def gap_row(number: int, *gaps: Gap, then: int = 1) -> AppendBatch:
    """Row `number`, whose ticks follow these gaps."""
    return append(number, a_batch(gaps[-1].last + 1, then, skipped=gaps))


@contextmanager
def live(folder: Path) -> Iterator[LiveDatabase]:
    """Open the database in `folder`; a new one is begun with a host, a schema and a stream."""
    with LiveDatabase.open(folder, ManualClock()) as database:
        if not database.state.hosts:
            assert commit(database, *BEGINNING) is None
        yield database
