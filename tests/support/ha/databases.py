"""A small live database that tests write to and look into."""

from pathlib import Path

import apsw


class Ledger:
    """A database in WAL mode with one row per entry, as a leader's is: nobody but Litestream moves its WAL."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = apsw.Connection(str(path))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("wal_autocheckpoint", 0)
        self._connection.pragma("synchronous", "full")
        self._connection.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    def write(self, *numbers: int, size: int = 100) -> None:
        """Commit entries in one transaction."""
        with self._connection:
            for number in numbers:
                self._connection.execute("INSERT INTO entry VALUES (?, randomblob(?))", (number, size))

    def close(self) -> None:
        self._connection.close()


def entries(database: Path) -> list[int]:
    """Return what a copy of a ledger has, read as a standby does: opened anew, and for reading alone."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        return [number for (number,) in connection.execute("SELECT number FROM entry ORDER BY number")]
    finally:
        connection.close()
