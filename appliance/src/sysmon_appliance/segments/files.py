"""A segment as a file: a SQLite database that says by itself whose history it holds.

It is written once and never changed. Whatever is wrong with a file shows as a SegmentDamagedError: SQLite finds damage
to its own structure, and checksums in the rows all else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import apsw
import numpy as np

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.encode import hash_of
from sysmon_agent.wire.messages import NO_LIMITS
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind, Level
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.terms import Floats, Indexes
from sysmon_appliance.domain.ticks import Stats, StoredRollups, StoredTicks
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError
from sysmon_appliance.segments.columns import DamagedColumnError, unpack_column
from sysmon_appliance.segments.layout import APPLICATION_ID, FORMAT, TIMES
from sysmon_appliance.segments.rollup_columns import unpack_rollups
from sysmon_appliance.segments.rows import Prelude, read_pieces, read_prelude
from sysmon_appliance.segments.tables import unpack_table

_META = "SELECT name, value FROM meta"
_HOSTS = "SELECT key, host_id, name FROM hosts ORDER BY key"
_SCHEMA = "SELECT hash, body FROM schemas WHERE id = :id"
_COLUMNS = "id, host, start_ms, end_ms, schema, ticks, samples"
_ROWS_OF_HOST = f"""
SELECT {_COLUMNS} FROM rows WHERE host = :host AND start_ms <= :to_ms AND end_ms >= :from_ms ORDER BY start_ms, id
"""  # noqa: S608 - nothing but the columns above
_ALL_ROWS = f"SELECT {_COLUMNS} FROM rows ORDER BY host, start_ms, id"  # noqa: S608 - likewise
_BODY = "SELECT body FROM rows WHERE id = :id"
_CACHE_KIB = 128
"""Pages that SQLite keeps of one file: hundreds are open, and a page is hardly read twice."""


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host as a segment names it."""

    key: int
    host_id: str
    name: str


class SegmentFile:
    """A finished file, for one thread at a time; what its rows give can be read while it is open."""

    def __init__(self, path: Path, connection: apsw.Connection, kind: Kind, level: Level) -> None:
        self.path = path
        self.kind = kind
        self.level = level
        self._connection = connection
        self._schemas: dict[int, KnownSchema] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file.

        Raises
        ------
        SegmentDamagedError
            It is no segment, or damaged.
        SegmentVersionError
            A later release wrote it.
        """
        with found_damaged(path):
            connection = apsw.Connection(
                f"file:{quote(str(path))}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            )
            try:
                kind, level = _opened(path, connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, kind, level)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hosts(self) -> Sequence[HostEntry]:
        with found_damaged(self.path):
            return [HostEntry(*row) for row in self._connection.execute(_HOSTS)]

    def rows(self, host: int | None = None, from_ms: int = 0, to_ms: int = 1 << 62) -> Sequence["Row"]:
        """List the rows of a host that reach into from_ms..to_ms, by time; or all of every host."""
        with found_damaged(self.path):
            if host is None:
                found = self._connection.execute(_ALL_ROWS)
            else:
                found = self._connection.execute(_ROWS_OF_HOST, {"host": host, "from_ms": from_ms, "to_ms": to_ms})
            return [Row(self, *row) for row in found]

    def check(self) -> None:
        """Read everything.

        Raises
        ------
        SegmentDamagedError
            Something is not what was written.
        """
        with found_damaged(self.path):
            problem = self._connection.execute("PRAGMA integrity_check(1)").get
            if problem != "ok":
                raise DamagedColumnError(str(problem))
        for row in self.rows():
            row.check()

    def schema(self, number: int) -> KnownSchema:
        known = self._schemas.get(number)
        if known is None:
            with found_damaged(self.path):
                found: list[Any] = self._connection.execute(_SCHEMA, {"id": number}).fetchall()
                known = self._schemas[number] = _known(*found[0])
        return known

    def body(self, number: int) -> bytes:
        with found_damaged(self.path):
            return bytes(self._connection.execute(_BODY, {"id": number}).get)

    @contextmanager
    def body_reader(self, number: int) -> Iterator[apsw.Blob]:
        """Open a row's body for reading in parts."""
        with found_damaged(self.path), self._connection.blob_open("main", "rows", "body", number, False) as blob:
            yield blob


def _opened(path: Path, connection: apsw.Connection) -> tuple[Kind, Level]:
    connection.pragma("cache_size", -_CACHE_KIB)
    connection.pragma("trusted_schema", 0)
    connection.pragma("cell_size_check", 1)
    if connection.pragma("application_id") != APPLICATION_ID:
        raise DamagedColumnError("it is no segment")
    if connection.pragma("page_count") * connection.pragma("page_size") != path.stat().st_size:
        raise DamagedColumnError("its size is another than it says")
    meta = dict(connection.execute(_META))
    if int(meta["format"]) > FORMAT:
        raise SegmentVersionError(
            f"The segment {path.name} is of format {meta['format']}, and this release knows {FORMAT}.",
            hint="sysmon version",
        )
    return Kind(meta["kind"]), Level(meta["level"])


def _known(name: bytes, body: bytes) -> KnownSchema:
    """Decode a schema; its key is below 0, where those of the live database are not."""
    if hash_of(body) != name:
        raise DamagedColumnError("a list of series is not what was written")
    return KnownSchema(-1 - int.from_bytes(name[:7], "big"), name, decode_schema(body, NO_LIMITS))


@contextmanager
def found_damaged(path: Path) -> Iterator[None]:
    """Turn what shows that a file is damaged into the error that says so.

    Raises
    ------
    SegmentDamagedError
        In place of what SQLite and the decoders raise.
    """
    try:
        yield
    except (
        apsw.Error,
        DamagedColumnError,
        MalformedMessage,
        OversizedMessage,
        LookupError,
        ValueError,
        TypeError,
    ) as error:
        raise SegmentDamagedError(
            f"The segment {path.name} is damaged: {error}.", hint="sysmon storage repair"
        ) from error


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; its body is read when it is asked for."""

    file: SegmentFile
    number: int
    host: int
    start_ms: int
    end_ms: int
    schema_id: int
    ticks_count: int  # or buckets
    samples: int

    def schema(self) -> KnownSchema:
        return self.file.schema(self.schema_id)

    def body(self) -> bytes:
        return self.file.body(self.number)

    def ticks(self) -> StoredTicks:
        """Read the times of a row of ticks; its values are read when they are asked for."""
        prelude = self._prelude()
        return StoredTicks(self.host, self.schema(), prelude.times[0], _Columns(self, prelude), prelude.gaps)

    def rollups(self) -> StoredRollups:
        """Read the times of a row of rollups."""
        prelude = self._prelude()
        t, last_ms, _ = prelude.times
        reader = _Rollups(self, prelude)
        return StoredRollups(self.host, self.schema(), self.file.kind, t, last_ms, reader, prelude.gaps)

    def table(self) -> StoredTable:
        """Read a row of a table."""
        schema = self.schema().schema
        with self.file.body_reader(self.number) as blob:
            [columns] = schema.tables
            table = unpack_table(columns, _in_parts(blob))
            if (len(table.t), table.rows) != (self.ticks_count, self.samples):
                raise DamagedColumnError("a table has another shape than it says")
        return table

    def check(self) -> None:
        """Read everything.

        Raises
        ------
        SegmentDamagedError
            Something is not what was written.
        """
        match self.file.kind:
            case Kind.RAW:
                self.ticks().all()
            case Kind.MINUTE | Kind.HOUR:
                self.rollups().read(np.arange(len(self.schema().schema.series)))
            case Kind.TABLES:
                self.table()

    def _prelude(self) -> Prelude:
        with self.file.body_reader(self.number) as blob:
            prelude = read_prelude(_in_parts(blob), times=TIMES[self.file.kind])
            if prelude.points != self.ticks_count or len(prelude.checksums) != len(self.schema().schema.series):
                raise DamagedColumnError("a row has another shape than it says")
        return prelude

    def pieces(self, prelude: Prelude, chosen: Indexes) -> list[bytes]:
        with self.file.body_reader(self.number) as blob:
            return read_pieces(_in_parts(blob), prelude, chosen.tolist())


def _in_parts(blob: apsw.Blob) -> Any:
    def read(start: int, length: int) -> bytes:
        blob.seek(start)
        return blob.read(length)

    return read


@dataclass(frozen=True, slots=True)
class _Columns:
    """Decodes chosen series of a row of ticks."""

    row: Row
    prelude: Prelude

    def __call__(self, chosen: Indexes) -> Floats:
        values = np.empty((len(chosen), self.prelude.points))
        with found_damaged(self.row.file.path):
            for place, piece in enumerate(self.row.pieces(self.prelude, chosen)):
                values[place] = unpack_column(piece, self.prelude.points)
        return values


@dataclass(frozen=True, slots=True)
class _Rollups:
    """Decodes chosen series of a row of rollups."""

    row: Row
    prelude: Prelude

    def __call__(self, chosen: Indexes) -> Stats:
        with found_damaged(self.row.file.path):
            return unpack_rollups(self.row.pieces(self.prelude, chosen), self.prelude.times[2])
