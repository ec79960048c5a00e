"""Where connections for reading come from."""

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import apsw

from sysmon_appliance.sqlite.connection import explained, open_reader


class Readers(Protocol):
    """Lends connections that cannot write; for any thread."""

    def connection(self) -> AbstractContextManager[apsw.Connection]:
        """Lend a connection to one thread; in the block, what goes wrong with it is a SysmonError."""


class ReaderPool:
    """The Readers of the live database: connections are kept for whoever reads next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[apsw.Connection] = deque()

    @contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        with explained(self._path):
            connection = self._idle.pop() if self._idle else open_reader(self._path)
            try:
                yield connection
            finally:
                self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
