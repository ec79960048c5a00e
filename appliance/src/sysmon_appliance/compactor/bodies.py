"""Ticks out of the bodies of batches, with as little work as possible.

A body was decoded in full when it was accepted, so all that is looked at here are its times and numbers, and of a
batch of one tick the time is known already. Every check once more would double the cost of a seal.
"""

import logging
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby

import numpy as np

from sysmon_agent.errors import MalformedMessage
from sysmon_agent.wire.fields import read, unzigzag
from sysmon_agent.wire.shapes import BATCH
from sysmon_appliance.compactor.head import COUNT, NUMBER, OFFSET_MS, SCHEMA, START_MS, Rows
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import StoredTicks

_log = logging.getLogger(__name__)

_WALLS, _COLUMNS = 3, 6  # places in BATCH
_BYTES = 2  # the wire type of what has a length; numbers have 0
_LONG = 127  # a byte above goes on in the next
_FLOATS = np.dtype("<f8")
_VALUE_BYTES = _FLOATS.itemsize

_ONE_TICK = re.compile(
    rb"""
    \x0A\x10 .{16}                    # stream
    \x10 [\x80-\xFF]* [\x00-\x7F]    # number of the first tick
    \x22\x06 .{6}                     # wall time
    \x2A (?: \x02.{2} | \x03.{3} | \x04.{4} | \x05.{5} | \x06.{6} )  # boot time
    \x32\x10 .{16}                    # schema
    """,
    re.DOTALL | re.VERBOSE,
)
"""What nearly every batch of one tick begins with, before its columns; one comparison is faster than five steps."""


@dataclass(slots=True)
class _Pile:
    """What was decoded of one schema, in order of arrival."""

    series: int
    times: list[int] = field(default_factory=list)
    blocks: list[tuple[int, bytes]] = field(default_factory=list)  # ticks, and float64 [series, ticks] of each batch


def ticks_of(
    host: int, rows: Rows, bodies: Iterable[bytes], schemas: Mapping[int, KnownSchema]
) -> Sequence[StoredTicks]:
    """Decode batches of a host into ticks in order of time, for each of its schemas; of one time the first stays.

    A body that is damaged is left out and said so: it must not keep all others from leaving the head.
    """
    piles: dict[int, _Pile] = {}
    for row, body in zip(rows.tolist(), bodies, strict=True):
        pile = piles.get(row[SCHEMA])
        if pile is None:
            pile = piles[row[SCHEMA]] = _Pile(len(schemas[row[SCHEMA]].schema.series))
        try:
            times, block = _decode(row, body, pile.series)
        except (zlib.error, MalformedMessage, ValueError, IndexError):
            _log.warning("A batch in the live database is damaged; its ticks are lost.", extra={"row": row[NUMBER]})
            continue
        pile.times += times
        pile.blocks.append((len(times), block))
    return [_in_order(host, schemas[key], pile) for key, pile in piles.items() if pile.times]


def _decode(row: Sequence[int], body: bytes, series: int) -> tuple[Sequence[int], bytes]:
    block = zlib.decompress(_found(body, _COLUMNS) or read(body, BATCH)[_COLUMNS]) if series else b""
    if len(block) != _VALUE_BYTES * series * row[COUNT]:
        raise ValueError(len(block))
    return times_of(row, body), block


def _found(body: bytes, field: int) -> bytes:
    """Return the bytes of a field of a batch, stepping over everything else; empty where it is not there."""
    begins = _ONE_TICK.match(body) if field >= _COLUMNS else None
    found, position, end, wanted = b"", begins.end() if begins else 0, len(body), (field + 1) << 3 | _BYTES
    while position < end:
        key = body[position]
        if key > _LONG or key & 5:  # a field that only a later agent sends
            return b""
        size, position = body[position + 1], position + 2
        if key & _BYTES:
            if size > _LONG:
                size, position = _varint(body, position - 1)
            if key == wanted:
                found = body[position : position + size]
            position += size
        else:
            while size > _LONG:
                size, position = body[position], position + 1
    return found


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while body[position] > _LONG:
        value |= (body[position] & _LONG) << shift
        shift, position = shift + 7, position + 1
    return value | body[position] << shift, position + 1


def times_of(row: Sequence[int], body: bytes) -> Sequence[int]:
    """Return the corrected times of a batch's ticks."""
    if row[COUNT] == 1:
        return (row[START_MS],)
    steps = _varints(_found(body, _WALLS))
    if len(steps) != row[COUNT]:  # they may also come in parts
        steps = read(body, BATCH)[_WALLS]
    return list(accumulate(map(unzigzag, steps), initial=row[OFFSET_MS]))[1:]


def _varints(packed: bytes) -> list[int]:
    values, position = [], 0
    while position < len(packed):
        value, position = _varint(packed, position)
        values.append(value)
    return values


def _in_order(host: int, schema: KnownSchema, pile: _Pile) -> StoredTicks:
    t, values = np.array(pile.times, np.int64), _matrix(pile.blocks, len(schema.schema.series))
    if (np.diff(t) <= 0).any():
        t, places = np.unique(t, return_index=True)
        values = values[:, places]
    return StoredTicks(host, schema, t, values.__getitem__)


def _matrix(blocks: Sequence[tuple[int, bytes]], series: int) -> Floats:
    """Join blocks to float64 [series, ticks]; those of as many ticks each at once."""
    if not series:
        return np.empty((0, sum(ticks for ticks, _ in blocks)))
    parts = []
    for ticks, run in groupby(blocks, key=lambda block: block[0]):
        joined = np.frombuffer(b"".join(block for _, block in run), _FLOATS)
        count = len(joined) // (ticks * series)
        parts.append(joined.reshape(count, series, ticks).swapaxes(0, 1).reshape(series, count * ticks))
    return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
