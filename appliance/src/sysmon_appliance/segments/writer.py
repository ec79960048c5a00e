"""Writing a segment: once, in one transaction, without a journal."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from sysmon_agent.wire.encode import encode_schema, hash_of
from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.segments import Kind, Level
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import pack_columns
from sysmon_appliance.segments.files import Row
from sysmon_appliance.segments.layout import APPLICATION_ID, FORMAT
from sysmon_appliance.segments.rollup_columns import pack_rollups
from sysmon_appliance.segments.rows import pack_row
from sysmon_appliance.segments.tables import pack_table

_PAGE_BYTES = 2048  # large pages are half empty behind a day of hours, small ones make a day of ticks a long chain
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE hosts (key INTEGER PRIMARY KEY, host_id TEXT NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE schemas (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    host INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,     -- of the earliest tick, or of the first bucket
    end_ms INTEGER NOT NULL,       -- of the latest tick
    schema INTEGER NOT NULL,
    ticks INTEGER NOT NULL,        -- or buckets
    samples INTEGER NOT NULL,      -- values that are there, or that buckets stand for
    body BLOB NOT NULL
) STRICT;
"""
_INDEX = "CREATE INDEX rows_by_host ON rows (host, start_ms)"
_ADD_META = "INSERT INTO meta (name, value) VALUES (:name, :value)"
_ADD_HOST = "INSERT OR IGNORE INTO hosts (key, host_id, name) VALUES (:key, :host_id, :name)"
_ADD_SCHEMA = "INSERT INTO schemas (id, hash, body) VALUES (:id, :hash, :body)"
_ADD_ROW = """
INSERT INTO rows (host, start_ms, end_ms, schema, ticks, samples, body)
VALUES (:host, :start_ms, :end_ms, :schema, :ticks, :samples, :body)
"""
_FACTS = """
SELECT coalesce(min(start_ms), 0), coalesce(max(end_ms), 0), coalesce(min(host), 0), coalesce(max(host), 0),
    count(DISTINCT host), coalesce(sum(ticks), 0), coalesce(sum(samples), 0) FROM rows
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest keeps of a file; of an empty one all is 0 but its size."""

    start_ms: int
    end_ms: int
    first_host: int
    last_host: int
    hosts: int
    ticks: int
    samples: int
    bytes: int
    sha256: str


class SegmentWriter:
    """Writes one file; `finish` ends it, and a file that was not finished is none.

    Every row's host has to be named by `host` before.
    """

    def __init__(self, path: Path, kind: Kind, level: Level) -> None:
        self._path = path
        self._kind = kind
        self._schemas: dict[Schema, int] = {}
        self._newest: tuple[Schema, int] | None = None
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.close(descriptor)
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        self._begin(level)

    def _begin(self, level: Level) -> None:
        for name, value in (("page_size", _PAGE_BYTES), ("journal_mode", "off"), ("synchronous", "off")):
            self._connection.pragma(name, value)
        self._connection.pragma("application_id", APPLICATION_ID)
        self._connection.execute("BEGIN")
        self._connection.execute(_TABLES)
        for name, text in (("format", str(FORMAT)), ("kind", self._kind), ("level", level)):
            self._connection.execute(_ADD_META, {"name": name, "value": str(text)})

    def host(self, key: int, host_id: str, name: str) -> None:
        self._connection.execute(_ADD_HOST, {"key": key, "host_id": host_id, "name": name})

    def add_ticks(  # noqa: PLR0917 - what a row of ticks is made of
        self, host: int, schema: Schema, t: Times, values: Floats, gaps: Sequence[TimeGap] = ()
    ) -> None:
        """Add ticks of a window: `t` int64 [ticks], strictly rising, at least one; `values` float64 [series, ticks]."""
        body = pack_row([t], gaps, pack_columns(values))
        samples = values.size - int(np.count_nonzero(np.isnan(values)))
        self._add(host, int(t[0]), int(t[-1]), schema, len(t), samples, body)

    def add_rollups(  # noqa: PLR0917 - what a row of rollups is made of
        self,
        host: int,
        schema: Schema,
        t: Times,
        last_ms: Times,
        stats: Stats,
        gaps: Sequence[TimeGap] = (),
    ) -> None:
        """Add rollups of a window; arrays as in StoredRollups and Stats, at least one bucket."""
        ticks = stats.count.max(axis=0, initial=0).astype(np.int64)
        body = pack_row([t, last_ms, ticks], gaps, pack_rollups(schema, stats, ticks, exact=self._kind is Kind.HOUR))
        self._add(host, int(t[0]), int(last_ms[-1]), schema, len(t), int(stats.count.sum()), body)

    def add_table(self, host: int, table: StoredTable) -> None:
        """Add rows of a table, at least one; they count as its samples."""
        schema = Schema((), (table.schema,))
        self._add(host, int(table.t[0]), int(table.t[-1]), schema, len(table.t), table.rows, pack_table(table))

    def copy(self, row: Row) -> None:
        """Add a row of another file as it is."""
        schema = row.schema().schema
        self._add(row.host, row.start_ms, row.end_ms, schema, row.ticks_count, row.samples, row.body())

    def abandon(self) -> None:
        """Let go of a file that is not finished, and is to be deleted."""
        self._connection.close()

    def finish(self) -> Facts:
        """Write everything to disk, and say what the file holds."""
        self._connection.execute(_INDEX)
        facts: Any = self._connection.execute(_FACTS).fetchall()[0]
        self._connection.execute("COMMIT")
        self._connection.close()
        size, digest = _fixed(self._path)
        start_ms, end_ms, first_host, last_host, hosts, ticks, samples = facts
        return Facts(start_ms, end_ms, first_host, last_host, hosts, ticks, samples, size, digest)

    def _add(  # noqa: PLR0917 - one argument per column
        self, host: int, start_ms: int, end_ms: int, schema: Schema, ticks: int, samples: int, body: bytes
    ) -> None:
        row = {
            "host": host,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "schema": self._schema(schema),
            "ticks": ticks,
            "samples": samples,
            "body": body,
        }
        self._connection.execute(_ADD_ROW, row)

    def _schema(self, schema: Schema) -> int:
        """Return the number of a list of series; most rows have that of the row before, and to look any up is slow."""
        if self._newest is None or self._newest[0] is not schema:
            self._newest = schema, self._number(schema)
        return self._newest[1]

    def _number(self, schema: Schema) -> int:
        number = self._schemas.get(schema)
        if number is None:
            number = self._schemas[schema] = len(self._schemas) + 1
            body = encode_schema(schema)
            self._connection.execute(_ADD_SCHEMA, {"id": number, "hash": hash_of(body), "body": body})
        return number


def _fixed(path: Path) -> tuple[int, str]:
    """Have the disk keep a file; return its size and sha256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
