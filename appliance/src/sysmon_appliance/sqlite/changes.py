"""How each change of the domain is written; one statement per constant."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import apsw

from sysmon_agent.wire.encode import encode_schema
from sysmon_appliance.domain.changes import (
    AppendBatch,
    Change,
    DropOldest,
    OpenStream,
    RaiseEpoch,
    SaveHost,
    SaveSchema,
)
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.sqlite import audit, checks, drills, identity, retention, segments, series, users
from sysmon_appliance.sqlite.series import keep_uses

_RAISE_EPOCH = """
UPDATE meta SET value = max(CAST(value AS INTEGER), :epoch) WHERE name = 'epoch'
"""
_MARK = "UPDATE meta SET value = :number WHERE name = 'mark'"
_SAVE_HOST = """
INSERT INTO hosts (id, host_id, name, interval_ms, first_seen_ms, boot_id, simulated, description)
VALUES (:id, :host_id, :name, :interval_ms, :first_seen_ms, :boot_id, :simulated, :description)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, interval_ms = excluded.interval_ms, boot_id = excluded.boot_id,
    simulated = excluded.simulated, description = excluded.description
"""
_SAVE_SCHEMA = "INSERT OR IGNORE INTO schemas (id, hash, body) VALUES (:id, :hash, :body)"
_OPEN_STREAM = "INSERT OR IGNORE INTO streams (id, host, stream_id) VALUES (:id, :host, :stream_id)"
_APPEND_BATCHES = """
INSERT INTO batches (id, stream, schema, first, count, start_ms, end_ms, last_ms, offset_ms, received_ms) VALUES
"""
_APPEND_BODIES = "INSERT INTO bodies (id, body) VALUES"
_APPEND_GAP = """
INSERT INTO gaps (stream, first, last, reason, received_ms) VALUES (:stream, :first, :last, :reason, :received_ms)
"""
# In an aggregate with max(), SQLite takes bare columns from the row that has the maximum.
_FOLD = """
UPDATE streams SET
    base_last = gone.first + gone.count - 1, base_last_ms = gone.last_ms, base_stored = base_stored + gone.ticks
FROM (
    SELECT stream, max(id), first, count, last_ms, sum(count) AS ticks
    FROM batches WHERE id <= :up_to GROUP BY stream
) AS gone
WHERE streams.id = gone.stream
"""
_DROP_BODIES = "DELETE FROM bodies WHERE id <= :up_to"
_DROP_BATCHES = "DELETE FROM batches WHERE id <= :up_to"

_AT_ONCE = 25
"""Rows of one INSERT. Each step of SQLite gives up the interpreter's lock and takes it back, which beside a busy event
loop costs more than the row itself."""

Bindings = dict[str, Any]
Row = tuple[int | bytes, ...]


def apply(connection: apsw.Connection, changes: Sequence[Change]) -> None:
    """Write a group of changes; the caller owns the transaction.

    Batches go last, all at once: nothing else in a group depends on them.
    """
    appends = [change for change in changes if isinstance(change, AppendBatch)]
    for change in changes:
        if not isinstance(change, AppendBatch):
            _APPLY[type(change)](connection, change)
    with_ticks = [append for append in appends if append.batch.count]
    _insert(connection, _APPEND_BATCHES, [_batch_row(append) for append in with_ticks])
    _insert(connection, _APPEND_BODIES, [(append.id, append.body) for append in with_ticks])
    connection.executemany(_APPEND_GAP, _gap_rows(appends))


def _insert(connection: apsw.Connection, head: str, rows: Sequence[Row]) -> None:
    """Insert rows, many with each statement as long as there are enough."""
    if not rows:
        return
    one = f"({', '.join('?' * len(rows[0]))})"
    many = head + ", ".join([one] * _AT_ONCE)
    whole = len(rows) - len(rows) % _AT_ONCE
    for start in range(0, whole, _AT_ONCE):
        connection.execute(many, tuple(chain.from_iterable(rows[start : start + _AT_ONCE])))
    connection.executemany(head + one, rows[whole:])


def _batch_row(append: AppendBatch) -> Row:
    batch = append.batch
    return (
        append.id,
        append.stream,
        append.schema,
        batch.first,
        batch.count,
        append.start_ms,
        append.end_ms,
        batch.wall_ms[-1],
        append.offset_ms,
        append.received_ms,
    )


def _gap_rows(appends: Iterable[AppendBatch]) -> Iterable[Bindings]:
    for append in appends:
        for gap in append.batch.skipped:
            yield {
                "stream": append.stream,
                "first": gap.first,
                "last": gap.last,
                "reason": int(gap.reason),
                "received_ms": append.received_ms,
            }


def _raise_epoch(connection: apsw.Connection, change: RaiseEpoch) -> None:
    connection.execute(_RAISE_EPOCH, {"epoch": change.epoch})


def _mark(connection: apsw.Connection, change: Mark) -> None:
    connection.execute(_MARK, {"number": change.number})


def _save_host(connection: apsw.Connection, change: SaveHost) -> None:
    host = change.host
    description = {"facts": host.facts, "labels": host.labels, "tags": host.tags, "metadata": host.metadata}
    row = {
        "id": host.key,
        "host_id": host.host_id,
        "name": host.name,
        "interval_ms": host.interval_ms,
        "first_seen_ms": host.first_seen_ms,
        "boot_id": host.boot_id,
        "simulated": int(host.simulated),
        "description": json.dumps(description),
    }
    connection.execute(_SAVE_HOST, row)


def _save_schema(connection: apsw.Connection, change: SaveSchema) -> None:
    schema = change.schema
    row = {"id": schema.key, "hash": schema.hash, "body": encode_schema(schema.schema)}
    connection.execute(_SAVE_SCHEMA, row)


def _open_stream(connection: apsw.Connection, change: OpenStream) -> None:
    row = {"id": change.key, "host": change.host, "stream_id": change.stream_id}
    connection.execute(_OPEN_STREAM, row)


def _drop_oldest(connection: apsw.Connection, change: DropOldest) -> None:
    keep_uses(connection, change.up_to)
    up_to = {"up_to": change.up_to}
    for statement in (_FOLD, _DROP_BODIES, _DROP_BATCHES):
        connection.execute(statement, up_to)


_APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {
    RaiseEpoch: _raise_epoch,
    Mark: _mark,
    SaveHost: _save_host,
    SaveSchema: _save_schema,
    OpenStream: _open_stream,
    DropOldest: _drop_oldest,
}
_APPLY |= identity.APPLY
_APPLY |= audit.APPLY
_APPLY |= users.APPLY
_APPLY |= segments.APPLY
_APPLY |= retention.APPLY
_APPLY |= checks.APPLY
_APPLY |= drills.APPLY
_APPLY |= series.APPLY
