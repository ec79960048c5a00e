"""Tables out of the bodies of batches, and their rows brought together.

A table has a row of a segment for every hour, so that a moment costs no more than that to read.
"""

import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from sysmon_agent.errors import MalformedMessage
from sysmon_agent.wire.blocks import unpack_strings
from sysmon_agent.wire.fields import read
from sysmon_agent.wire.messages import ColumnKind, TableSchema
from sysmon_agent.wire.shapes import BATCH, TABLE_ROWS
from sysmon_appliance.compactor.bodies import times_of
from sysmon_appliance.compactor.head import NUMBER, SCHEMA, Rows
from sysmon_appliance.compactor.rows import ROW_VALUES
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import HOUR_MS
from sysmon_appliance.domain.tables import StoredTable, TableColumn, Texts, by_hour, in_order
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.segments.files import Row

_log = logging.getLogger(__name__)

_TABLES = 7  # place in BATCH
_FLOATS = np.dtype("<f8")


def tables_of(rows: Rows, bodies: Iterable[bytes], schemas: Mapping[int, KnownSchema]) -> Iterator[StoredTable]:
    """Decode the tables of a host's batches, cut where an hour ends.

    What is damaged is left out and said so: it must not keep all else from leaving the head.
    """
    piles: dict[TableSchema, _Pile] = {}
    for row, body in zip(rows.tolist(), bodies, strict=True):
        for block in _decoded(row, body, schemas[row[SCHEMA]].schema.tables):
            pile = piles.get(block.schema)
            if pile is None or pile.size >= ROW_VALUES:
                yield from pile.tables() if pile else ()
                pile = piles[block.schema] = _Pile(block.schema)
            pile.add(block)
    yield from chain.from_iterable(pile.tables() for pile in piles.values())


@dataclass(frozen=True, slots=True)
class _Block:
    """One table of a batch."""

    schema: TableSchema
    times: Sequence[int]
    counts: Sequence[int]
    values: Floats  # float64 [columns, rows]; of a text, its place in `words`
    words: Sequence[str]


def _decoded(row: Sequence[int], body: bytes, known: Sequence[TableSchema]) -> Sequence[_Block]:
    if not known:
        return ()
    try:
        found = zip(known, read(body, BATCH)[_TABLES], strict=False)  # a batch may have none
        blocks = [_block(schema, times_of(row, body), message) for schema, message in found]
    except (zlib.error, MalformedMessage, ValueError, LookupError):
        _log.warning("A table in the live database is damaged; it is lost.", extra={"row": row[NUMBER]})
        return ()
    return [block for block in blocks if block.values.size]


def _block(schema: TableSchema, times: Sequence[int], message: bytes) -> _Block:
    counts, numbers, strings, _ = read(message, TABLE_ROWS)
    values = np.frombuffer(zlib.decompress(numbers) if numbers else b"", _FLOATS)
    words = unpack_strings(zlib.decompress(strings) if strings else b"")
    return _Block(schema, times, counts, values.reshape(len(schema.columns), sum(counts)), words)


@dataclass(slots=True)
class _Pile:
    """What was decoded of one table, in order of arrival."""

    schema: TableSchema
    times: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    parts: list[Floats] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def add(self, block: _Block) -> None:
        self.times += block.times
        self.counts += block.counts
        self.parts.append(self._with_own_words(block))
        self.size += block.values.size

    def tables(self) -> Iterator[StoredTable]:
        """Yield what is on the pile, by hour."""
        t, counts = np.array(self.times, np.int64), np.array(self.counts, np.int64)
        columns = tuple(self._columns(np.concatenate(self.parts, axis=1)))
        yield from by_hour(in_order(StoredTable(self.schema, t, counts, columns)))

    def _with_own_words(self, block: _Block) -> Floats:
        places = [self.words.setdefault(word, len(self.words)) for word in block.words]
        texts = [place for place, column in enumerate(self.schema.columns) if column.kind is ColumnKind.TEXT]
        values = block.values.copy()
        values[texts] = np.array(places, np.float64)[values[texts].astype(np.intp)]
        return values

    def _columns(self, values: Floats) -> Iterator[TableColumn]:
        words = tuple(self.words)
        for column, numbers in zip(self.schema.columns, values, strict=True):
            yield Texts(numbers.astype(np.int64), words) if column.kind is ColumnKind.TEXT else numbers


def of_one_hour(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Put rows of one table and hour together, by hour, as long as they fit into memory; each group as they arrived."""
    groups: dict[tuple[int, TableSchema], list[Row]] = {}
    for row in rows:
        [schema] = row.schema().schema.tables
        groups.setdefault((row.start_ms // HOUR_MS, schema), []).append(row)
    for (_, schema), group in sorted(groups.items(), key=lambda item: item[0][0]):
        if len(schema.columns) * sum(row.samples for row in group) <= ROW_VALUES:
            yield group
        else:
            yield from ([row] for row in group)
