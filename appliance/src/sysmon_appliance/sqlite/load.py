"""Reading all that is kept in memory: once at a start, and again and again by whoever follows the database."""

import json
import logging
from collections.abc import Container, Sequence

import apsw

from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.messages import NO_LIMITS, Attributes, GapReason
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.series import Use
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.sqlite.checks import load_check
from sysmon_appliance.sqlite.drills import load_drill
from sysmon_appliance.sqlite.identity import load_identity
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.retention import load_retention
from sysmon_appliance.sqlite.segments import load_sealed_up_to, load_segments
from sysmon_appliance.sqlite.series import load_uses
from sysmon_appliance.sqlite.users import load_users

_log = logging.getLogger(__name__)

_BEGIN_CLUSTER = "INSERT OR IGNORE INTO meta (name, value) VALUES ('cluster', :cluster), ('epoch', '0')"
_NEXT_EPOCH = "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'epoch'"
_GIVEN_EPOCH = "UPDATE meta SET value = :epoch WHERE name = 'epoch'"
_META = "SELECT name, value FROM meta"
_HOSTS = """
SELECT id, host_id, name, interval_ms, first_seen_ms, boot_id, simulated, description FROM hosts ORDER BY id
"""
_SCHEMA_IDS = "SELECT id FROM schemas ORDER BY id"
_SCHEMA = "SELECT id, hash, body FROM schemas WHERE id = :id"
_STREAMS = "SELECT id, host, stream_id, base_last, base_stored, base_last_ms FROM streams ORDER BY id"
_GAPS = "SELECT stream, reason, sum(last - first + 1), max(last) FROM gaps GROUP BY stream, reason"
_BATCHES = "SELECT id, stream, first, count, start_ms, end_ms, last_ms FROM batches ORDER BY id"


def load(connection: apsw.Connection, index: HeadIndex, *, new_cluster_id: str, epoch: int = 0) -> State:
    """Begin an epoch, rebuild the streams' ends and the head's index, and return what is known.

    `new_cluster_id` names the cluster if this database is new; `epoch` is 0 where each start is one of its own.
    """
    _begin(connection, new_cluster_id, epoch)
    streams = load_streams(connection)
    newest = _add_head(connection, streams, index, load_sealed_up_to(connection))
    _add_gaps(connection, streams)
    for stream in streams.values():
        stream.roll_back()
        if not stream.balanced:
            _log.error("The ledger of a stream does not add up.", extra={"stream_id": stream.stream_id.hex()})
    return load_state(
        connection,
        list(streams.values()),
        schemas=load_schemas(connection),
        uses=load_uses(connection),
        next_batch=newest + 1,
    )


def load_state(
    connection: apsw.Connection,
    streams: Sequence[Stream],
    *,
    schemas: Sequence[KnownSchema],
    uses: Sequence[Use],
    next_batch: int,
) -> State:
    """Read what is neither in the head nor costly to read, and put it beside what is given."""
    meta = load_meta(connection)
    return State(
        cluster_id=meta["cluster"],
        epoch=int(meta["epoch"]),
        hosts=[_host(row) for row in connection.execute(_HOSTS)],
        schemas=schemas,
        streams=streams,
        next_batch=next_batch,
        mark=int(meta["mark"]),
        sealed_up_to=load_sealed_up_to(connection),
        segments=load_segments(connection),
        retention=load_retention(connection),
        uses=uses,
        check=load_check(connection),
        drill=load_drill(connection),
        identity=load_identity(connection),
        users=load_users(connection),
    )


def load_meta(connection: apsw.Connection) -> dict[str, str]:
    return dict(connection.execute(_META))


def load_streams(connection: apsw.Connection) -> dict[int, Stream]:
    """Return, by row number, all streams as far as they have left the head; gaps are not counted."""
    return {row[0]: _stream(row) for row in connection.execute(_STREAMS)}


def load_schemas(connection: apsw.Connection, known: Container[int] = ()) -> list[KnownSchema]:
    """Return the schemas whose row numbers are not known yet; they need not have come in order."""
    unknown = [{"id": key} for (key,) in connection.execute(_SCHEMA_IDS) if key not in known]
    return [_schema(row) for row in connection.executemany(_SCHEMA, unknown)]


def _begin(connection: apsw.Connection, new_cluster_id: str, epoch: int) -> None:
    with connection:
        connection.execute(_BEGIN_CLUSTER, {"cluster": new_cluster_id})
        connection.execute(_GIVEN_EPOCH if epoch else _NEXT_EPOCH, {"epoch": epoch} if epoch else None)


def _add_head(connection: apsw.Connection, streams: dict[int, Stream], index: HeadIndex, sealed_up_to: int) -> int:
    """Advance streams over the batches in the head; return the highest row number that was ever used.

    Batches that are in segments count for the ledger until they are removed, but readers do not find them.
    """
    number = sealed_up_to
    for number, key, first, count, start_ms, end_ms, last_ms in connection.execute(_BATCHES):
        stream = streams[key]
        stream.last = first + count - 1
        stream.stored += count
        stream.last_wall_ms = last_ms
        if number > sealed_up_to:
            index.add(stream.host, number, start_ms, end_ms)
    return max(number, sealed_up_to)


def _add_gaps(connection: apsw.Connection, streams: dict[int, Stream]) -> None:
    for key, reason, missing, last in connection.execute(_GAPS):
        stream = streams[key]
        known = GapReason.of(reason)
        stream.missing[known] = stream.missing.get(known, 0) + missing
        if last > stream.last:  # nothing was stored since, so the newest number is no tick
            stream.last = last
            stream.last_wall_ms = 0


def _stream(row: tuple[int, int, bytes, int, int, int]) -> Stream:
    key, host, stream_id, last, stored, last_ms = row
    return Stream(key, host, stream_id, last=last, stored=stored, last_wall_ms=last_ms)


def _schema(row: tuple[int, bytes, bytes]) -> KnownSchema:
    key, schema_hash, body = row
    return KnownSchema(key, schema_hash, decode_schema(body, NO_LIMITS))


def _host(row: tuple[int, str, str, int, int, str, int, str]) -> Host:
    key, host_id, name, interval_ms, first_seen_ms, boot_id, simulated, description = row
    described = json.loads(description)
    return Host(
        key=key,
        host_id=host_id,
        name=name,
        interval_ms=interval_ms,
        first_seen_ms=first_seen_ms,
        boot_id=boot_id,
        facts=_attributes(described["facts"]),
        labels=_attributes(described["labels"]),
        tags=tuple(described["tags"]),
        metadata=_attributes(described["metadata"]),
        simulated=bool(simulated),
    )


def _attributes(pairs: list[list[str]]) -> Attributes:
    return tuple((key, value) for key, value in pairs)
