"""Ticks as the spool takes, keeps and gives them.

A tick lies on disk as a batch of one in the wire's own encoding, so disk and wire share one codec and one set of tests.
Its stream and its clocks at sending are filled in when it is cut into a batch.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.encode import encode_batch
from sysmon_agent.wire.messages import Batch, ClockPair, Limits, Schema, TableRows

_NO_STREAM = bytes(16)
_NOT_SENT = ClockPair(0, 0)
_ON_DISK = Limits(body_bytes=1 << 26, inflated_bytes=1 << 27)
"""What the codec may accept here: these bytes are our own, and their check has been verified."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One collection. `values` are in the order of the schema, `tables` in the order of its tables."""

    schema: Schema
    wall_ms: int
    boot_ms: int
    values: "array[float]"
    tables: tuple[TableRows, ...] = ()


@dataclass(frozen=True, slots=True)
class TickTime:
    """When a tick was taken; boot times compare only within one boot."""

    serial: int
    wall_ms: int
    boot_ms: int
    boot_id: bytes


def encode_tick(tick: Tick, serial: int, schema_hash: bytes) -> bytes:
    return encode_batch(
        Batch(
            stream_id=_NO_STREAM,
            first=serial,
            wall_ms=(tick.wall_ms,),
            boot_ms=(tick.boot_ms,),
            columns=_little_endian(tick.values).tobytes(),
            schema_hash=schema_hash,
            sent=_NOT_SENT,
            tables=tick.tables,
        )
    )


def decode_tick(payload: bytes, *, tables: bool = True) -> Batch:
    return decode_batch(payload, _ON_DISK, tables=tables)


def size_of(tick: Batch) -> int:
    """Count the values of a tick, those in its tables included."""
    return len(tick.columns) // 8 + sum(sum(rows.rows_per_tick) * len(rows.columns) for rows in tick.tables)


def transpose(ticks: Sequence[Batch]) -> bytes:
    """Put the values of each series together: from tick by tick to column by column."""
    values = array("d", bytes(sum(len(tick.columns) for tick in ticks)))
    for position, tick in enumerate(ticks):
        values[position :: len(ticks)] = array("d", tick.columns)
    return values.tobytes()


def join_tables(ticks: Sequence[Batch]) -> tuple[TableRows, ...]:
    """Append the rows of each table, tick after tick."""
    return tuple(_join(parts) for parts in zip(*(tick.tables for tick in ticks), strict=True))


def _join(parts: Sequence[TableRows]) -> TableRows:
    columns = zip(*(rows.columns for rows in parts), strict=True)
    return TableRows(
        rows_per_tick=tuple(chain.from_iterable(rows.rows_per_tick for rows in parts)),
        columns=tuple(tuple(chain.from_iterable(column)) for column in columns),
    )


def _little_endian(values: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values
