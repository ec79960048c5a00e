"""The rows of a table over an hour as bytes.

Most of what a table says at a tick it said at the tick before, in another row. So rows are sorted by their first
column, which names what a row is about (of processes, the pid), and all that is known of one thing lies in one run:
its texts do not change within it, and its numbers little. Where each row was is kept too, and it is put back there.

A table is the body of a row of a segment like any other: times and the number of rows of each tick, then pieces with
checksums. These are the tick of each row, its place in the tick, and the columns.
"""

import struct
import zlib

import numpy as np

from sysmon_agent.wire.blocks import inflate, unpack_strings
from sysmon_agent.wire.fields import utf8
from sysmon_agent.wire.messages import ColumnKind, TableSchema
from sysmon_appliance.domain.tables import StoredTable, TableColumn, Texts
from sysmon_appliance.domain.terms import Indexes, Whole
from sysmon_appliance.segments.columns import DamagedColumnError, pack_columns, pack_whole, unpack_column, unpack_whole
from sysmon_appliance.segments.rows import ReadBytes, pack_row, read_pieces, read_prelude

_TICKS, _PLACES = 0, 1  # the pieces before those of columns
_BEFORE = 2
_SIZES = struct.Struct("<I")
_MOST_TEXT = 1 << 28
_MOST_CELLS = 1 << 26


def pack_table(table: StoredTable) -> bytes:
    """Pack a table of at least one row."""
    order = _order(table)
    ticks = np.repeat(np.arange(len(table.t)), table.counts)
    places = np.arange(table.rows) - np.repeat(np.cumsum(table.counts) - table.counts, table.counts)
    pieces = [pack_whole(ticks[order]), pack_whole(places[order]), *(_pack(one, order) for one in table.columns)]
    return pack_row([table.t, table.counts], (), pieces)


def _order(table: StoredTable) -> Indexes:
    if not table.columns:
        return np.arange(table.rows)
    first = table.columns[0]
    return np.argsort(first.codes if isinstance(first, Texts) else first, kind="stable")


def _pack(column: TableColumn, order: Indexes) -> bytes:
    if not isinstance(column, Texts):
        [packed_numbers] = pack_columns(column[order][np.newaxis])
        return packed_numbers
    used, codes = np.unique(column.codes[order], return_inverse=True)
    packed = pack_whole(codes)
    words = b"".join(utf8(column.words[code]) + b"\0" for code in used.tolist())
    return _SIZES.pack(len(packed)) + packed + zlib.compress(words, 9)


def unpack_table(schema: TableSchema, read: ReadBytes) -> StoredTable:
    """Unpack a table.

    Raises
    ------
    DamagedColumnError, MalformedMessage, ValueError, LookupError
        It is not what was written.
    """
    prelude = read_prelude(read, times=2)
    t, counts = prelude.times
    if len(prelude.checksums) != _BEFORE + len(schema.columns):
        raise DamagedColumnError("a table has other columns than it says")
    pieces = read_pieces(read, prelude, range(len(prelude.checksums)))
    rows = int(counts.sum())
    if counts.min(initial=0) < 0 or rows * (_BEFORE + len(schema.columns)) > _MOST_CELLS:
        raise DamagedColumnError("a table says that it is larger than any")
    starts = np.cumsum(counts) - counts
    where = starts[unpack_whole(pieces[_TICKS], rows)] + unpack_whole(pieces[_PLACES], rows)
    back = np.empty(rows, np.int64)
    back[where] = np.arange(rows)
    kinds = (column.kind for column in schema.columns)
    columns = tuple(_unpack(kind, piece, back) for kind, piece in zip(kinds, pieces[_BEFORE:], strict=True))
    return StoredTable(schema, t, counts, columns)


def _unpack(kind: ColumnKind, piece: bytes, back: Whole) -> TableColumn:
    if kind is not ColumnKind.TEXT:
        return unpack_column(piece, len(back))[back]
    (length,) = _SIZES.unpack_from(piece)
    codes = unpack_whole(piece[_SIZES.size : _SIZES.size + length], len(back))
    words = tuple(unpack_strings(inflate(piece[_SIZES.size + length :], _MOST_TEXT)))
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(words):
        raise DamagedColumnError("a text of a table is not in its list")
    return Texts(codes[back], words)
