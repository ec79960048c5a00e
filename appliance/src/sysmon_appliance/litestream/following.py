"""A local copy that follows a path, by `litestream restore -f`.

The program writes new pages in place, file by file of the replica, under the locks that SQLite's readers respect; what
a reader sees is therefore one state, and never half of two. There is one exception: where a file of the replica breaks
off while it is being read, the program lets go of the lock with half of it applied, says so in its log, and tries
again. Such a copy counts as ended from then on, and whoever follows must wipe it and begin anew.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import apsw

from sysmon_appliance.errors import ReplicaBrokenError
from sysmon_appliance.litestream.checking import remove_database, sync_database
from sysmon_appliance.litestream.children import HINT, Litestream
from sysmon_appliance.litestream.log_lines import LogLine

_log = logging.getLogger(__name__)

FILE_NAME = "live.sqlite"

_APPLYING = ("apply ltx file", "apply gap-fill ltx file")
_BEFORE_WRITING = ("open ltx file", "decode header", "acquire exclusive lock")
_LOCK_MS = 5000


class LitestreamCopy:
    """The FollowedCopy of one path in one folder."""

    def __init__(self, litestream: Litestream, path: str, folder: Path, *, interval_milliseconds: int) -> None:
        self.path = folder / FILE_NAME
        self._source = path
        self._torn = False
        every = ("-follow-interval", f"{interval_milliseconds}ms")
        where = ("-o", str(self.path), litestream.location.replica(path))
        self._child = litestream.start("restore -f", "restore", "-f", *every, *where, heard=self._hear)

    @property
    def txid(self) -> int:
        try:
            text = self.path.with_name(f"{FILE_NAME}-txid").read_text("ascii")
        except FileNotFoundError:
            return 0
        return int(text, 16) if text.strip() else 0

    @property
    def alive(self) -> bool:
        return self._child.alive and not self._torn

    def stop(self) -> None:
        """Do what FollowedCopy.stop promises.

        Raises
        ------
        ReplicaBrokenError
            The copy is not whole, or cannot be read.
        """
        # Asked politely, the program leaves a file half applied. While a reader has the lock, it cannot have begun one.
        with _reader(self.path):
            self._child.kill()
        if self._torn:
            raise ReplicaBrokenError(f"The copy of path {self._source} is torn.", hint=HINT)
        sync_database(self.path)

    def wipe(self) -> None:
        self._child.kill()
        with contextlib.suppress(FileNotFoundError):  # the folder may be gone already
            remove_database(self.path)

    def _hear(self, line: LogLine) -> None:
        if not self._torn and is_tear(line):
            self._torn = True
            _log.warning("A copy that follows the replica was torn.", extra={"path": self._source})


def is_tear(line: LogLine) -> bool:
    """Whether a line says that a file was applied in part."""
    applying = line.level == "ERROR" and any(words in line.data for words in _APPLYING)
    return applying and not any(words in line.data for words in _BEFORE_WRITING)


@contextlib.contextmanager
def _reader(database: Path) -> Iterator[None]:
    """Keep others from writing to a database."""
    try:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise ReplicaBrokenError(f"A copy of the replica cannot be opened: {error}.", hint=HINT) from error
    try:
        connection.set_busy_timeout(_LOCK_MS)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        yield
    except apsw.Error as error:
        raise ReplicaBrokenError(f"A copy of the replica cannot be read: {error}.", hint=HINT) from error
    finally:
        connection.close()
