"""Connections to a copy of the live database that another program keeps changing in place.

Litestream writes the pages of a step under the locks by which SQLite's own writers keep readers out, and notes the
position in a file beside the copy once all of the step is there. Two things follow from how it does that. What a
connection has cached is not told to be stale, so every reading opens a connection of its own. And a step that fails
half way, because the store's answer breaks off, lets go of the locks and leaves the copy torn until it is repeated; the
copy is whole only if nothing was written since the position was noted.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import apsw

from sysmon_appliance.domain.following import broken
from sysmon_appliance.errors import StorageError
from sysmon_appliance.sqlite.connection import open_reader

_ATTEMPTS = 100
_PAUSE_SECONDS = 0.05
"""A copy that is torn is looked at again for some seconds; most steps take a few milliseconds."""

_LOCK = "SELECT count(*) FROM sqlite_schema"


class CopyReaders:
    """The Readers of a followed copy: each connection is new, and stays within one transaction over a whole copy.

    In the block, damage is a ReplicaBrokenError and all else a StorageError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        with _explained(self._path), closing(self._whole()) as connection:
            yield connection

    def _whole(self) -> apsw.Connection:
        pause = Event()
        for _ in range(_ATTEMPTS):
            connection = open_reader(self._path)
            try:
                if _lock(connection, self._path):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()
            pause.wait(_PAUSE_SECONDS)
        raise _unreadable(self._path, "a step of following it does not end")


def _lock(connection: apsw.Connection, path: Path) -> bool:
    """Keep the copy as it is while the connection is open; return whether it is whole."""
    connection.execute("BEGIN")
    connection.execute(_LOCK).fetchall()
    return is_whole(path)


def is_whole(path: Path) -> bool:
    """Whether nothing was written to a copy since its position was noted; asked by whoever keeps writers out."""
    try:
        noted = path.with_name(f"{path.name}-txid").stat()
    except FileNotFoundError:
        return True  # nobody follows with it, or not yet
    return noted.st_mtime_ns >= path.stat().st_mtime_ns


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise broken(f"{error}.") from error
    except (apsw.Error, OSError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> StorageError:
    return StorageError(f"The copy {path} of the live database cannot be read now: {why}.", hint="sysmon ha status")
