"""Whether a database that came out of the replica is whole."""

import os
from pathlib import Path

import apsw

from sysmon_appliance.errors import ReplicaBrokenError
from sysmon_appliance.files import sync_folder
from sysmon_appliance.litestream.children import HINT

_ENDINGS = ("", ".tmp", "-txid", "-txid.tmp", "-wal", "-shm", "-journal")


def check_database(database: Path) -> None:
    """Let SQLite look whether a database is whole that nobody else has open.

    Raises
    ------
    ReplicaBrokenError
        It is not.
    """
    try:
        found = _quick_check(database)
    except apsw.Error as error:
        raise ReplicaBrokenError(f"What was restored cannot be read: {error}.", hint=HINT) from error
    if found != "ok":
        raise ReplicaBrokenError(f"What was restored is damaged: {found}.", hint=HINT)


def sync_database(database: Path) -> None:
    """Make a database last that was written by another program; raises OSError."""
    descriptor = os.open(database, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(database.parent)


def remove_database(database: Path) -> None:
    """Delete a database and all that Litestream and SQLite keep beside it; raises OSError."""
    for ending in _ENDINGS:
        database.with_name(database.name + ending).unlink(missing_ok=True)


def _quick_check(database: Path) -> str:
    # As immutable: its header says that it has a WAL, and a reader would begin one beside it.
    uri = f"file:{_escaped(database)}?immutable=1"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").get)
    finally:
        connection.close()


def _escaped(path: Path) -> str:
    return path.absolute().as_uri().removeprefix("file://")
