"""Reading ticks back, in order, from wherever they lie."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sysmon_agent.errors import WireError
from sysmon_agent.spool.files import schema_in, ticks_of
from sysmon_agent.spool.store import Store
from sysmon_agent.spool.ticks import decode_tick
from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.encode import hash_of
from sysmon_agent.wire.messages import Batch, Schema

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """Where the tick that was read last lies, so that reading on costs no search."""

    path: str = ""
    serial: int = 0
    offset: int = 0


class Reader:
    """Speaks in serials: each tick is a batch of one whose number is its serial."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bookmark = _Bookmark()

    def ticks_from(self, serial: int) -> Iterator[Batch]:
        """Yield the ticks from a serial on; what cannot be read is left out."""
        bookmark = self._bookmark
        for file in self._store.holding(serial):
            known = file.path == bookmark.path and bookmark.serial <= serial
            for offset, record in ticks_of(file.path, serial, bookmark.offset if known else 0):
                self._bookmark = _Bookmark(file.path, record.serial, offset)
                try:
                    yield decode_tick(record.payload)
                except WireError:
                    _log.warning("A tick in the spool cannot be read.", extra={"path": file.path})

    def schema_of(self, tick: Batch) -> Schema | None:
        """Return the schema that a tick was written with; None when it cannot be read any more."""
        for file in self._store.holding(tick.first):
            body = schema_in(file.path, tick.first)
            if body and hash_of(body) == tick.schema_hash:
                return decode_schema(body)
        return None
