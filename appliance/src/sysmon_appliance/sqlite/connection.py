"""Connections to the live database, and what its errors mean to people."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from sysmon_appliance.errors import RefusedError, StorageError, StorageFailedError, StorageFullError

APPLICATION_ID = 0x53794D6F  # "SyMo"; `file` shows it
OLDEST_LIBRARY = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode while a second program checkpoints it."""

_BUSY_MS = 5000
_JOURNAL_BYTES = 64 << 20  # the WAL is cut back to this after it was checkpointed in full


def check_library(version: str) -> None:
    """Refuse a SQLite that can corrupt the database.

    Raises
    ------
    StorageError
        The library is older than OLDEST_LIBRARY.
    """
    if tuple(map(int, version.split("."))) < OLDEST_LIBRARY:
        oldest = ".".join(map(str, OLDEST_LIBRARY))
        raise StorageError(
            f"SQLite {version} can corrupt a replicated database; {oldest} is the oldest that is safe.",
            hint="python -m pip install --upgrade apsw",
        )


def open_writer(path: Path) -> apsw.Connection:
    """Open the one connection that writes; create the file, readable by its owner alone, if it is not there."""
    check_library(apsw.sqlite_lib_version())
    _create(path)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(_BUSY_MS)
    _check_owner(connection, path)
    # Only before the first table: later it would take a VACUUM, which Litestream does not survive.
    connection.pragma("auto_vacuum", 2)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", 1)
    connection.pragma("wal_autocheckpoint", 0)
    connection.pragma("journal_size_limit", _JOURNAL_BYTES)
    connection.pragma("application_id", APPLICATION_ID)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that cannot write."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("query_only", 1)
    return connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about a database into a StorageError that says what to do.

    Raises
    ------
    StorageError
        In place of any apsw.Error or OSError.
    """
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StorageError(
            f"The live database {path} is damaged, or no database: {error}."
            " Without it the aggregator begins anew, and agents send again what they still hold.",
            hint=f"mv {path.parent} {path.parent}.broken",
        ) from error
    except (apsw.FullError, apsw.IOError) as error:
        raise StorageError(f"The live database {path} cannot be written: {error}.", hint=f"df {path.parent}") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise StorageError(
            f"The live database {path} cannot be opened for writing: {error}.", hint=f"ls -ld {path.parent} {path}"
        ) from error
    except apsw.BusyError as error:
        raise StorageError(f"Another program holds the live database {path}.", hint=f"fuser {path}") from error
    except apsw.Error as error:
        raise StorageError(f"The live database {path} cannot be used: {error}.") from error
    except OSError as error:
        raise StorageError(
            f"The data folder {path.parent} cannot be used: {error.strerror or error}.", hint=f"ls -ld {path.parent}"
        ) from error


def refusal(error: Exception) -> RefusedError:
    """Say to agents why their batches could not be committed."""
    if isinstance(error, apsw.FullError):
        return StorageFullError("The aggregator's disk is full.", hint="df -h")
    return StorageFailedError("The aggregator could not commit.", hint="journalctl -u sysmon-aggregator -n 50")


def _create(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        return
    os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_owner(connection: apsw.Connection, path: Path) -> None:
    """Refuse a database that another program made."""
    found = connection.pragma("application_id")
    if found != APPLICATION_ID and connection.pragma("page_count"):
        raise StorageError(f"{path} is a database of another program.", hint="sysmon-aggregator run --set data=FOLDER")
