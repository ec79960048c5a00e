"""Reading the head."""

from collections.abc import Iterator, Mapping

from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.messages import NO_LIMITS
from sysmon_appliance.domain.batches import StoredBatch, stored_batch
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.readers import Readers

_ROWS = """
SELECT batches.schema, batches.offset_ms, batches.received_ms, bodies.body
FROM batches JOIN bodies USING (id) WHERE id = :id
"""
_AT_ONCE = 500
"""Rows fetched by one statement: between two of them, the WAL can be checkpointed."""


class Head:
    """The HeadReader over the live database; safe in any thread, and never in the way of the writer."""

    def __init__(self, readers: Readers, index: HeadIndex, schemas: Mapping[int, KnownSchema]) -> None:
        self._readers = readers
        self._index = index
        self._schemas = schemas

    def batches(self, host: int, from_ms: int, to_ms: int, *, tables: bool = False) -> Iterator[StoredBatch]:
        """Yield the batches with a tick in from_ms..to_ms, in order of their earliest tick.

        Which they are is settled when this is called; rows stay readable for a minute after they were sealed.

        Batches may overlap, and two may hold a tick of the same time: after a host's clock was set back or its agent
        rolled back. Readers of ranges put them in order and keep one.

        Raises
        ------
        StorageError
            The database cannot be read.
        """
        return self._batches(host, self._index.find(host, from_ms, to_ms), tables=tables)

    def newest_ms(self, host: int) -> int | None:
        return self._index.newest_ms(host)

    def _batches(self, host: int, numbers: list[int], *, tables: bool) -> Iterator[StoredBatch]:
        for start in range(0, len(numbers), _AT_ONCE):
            for row in self._rows(numbers[start : start + _AT_ONCE]):
                yield self._decode(host, row, tables=tables)

    def _rows(self, numbers: list[int]) -> list[tuple[int, int, int, bytes]]:
        # Rows that retention has removed since the index was asked are simply not there.
        with self._readers.connection() as connection:
            return list(connection.executemany(_ROWS, ({"id": number} for number in numbers)))

    def _decode(self, host: int, row: tuple[int, int, int, bytes], *, tables: bool) -> StoredBatch:
        schema, offset_ms, received_ms, body = row
        batch = decode_batch(body, NO_LIMITS, tables=tables)
        known = self._schemas[schema]
        return stored_batch(batch, host=host, schema=known, offset_ms=offset_ms, received_ms=received_ms)
