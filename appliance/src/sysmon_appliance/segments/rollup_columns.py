"""The statistics of one series over many buckets as one piece of bytes.

Five statistics of a minute hold more than the six ticks that they stand for, and lie beside these for a month. So what
no chart can show is not kept of a minute: see `rounded_rollups`. Hours are not rounded, and numbers of values never.

    empty       no value at all
    constant    the value
    counter     the last value; the minimum is the last value before, the maximum the last one, and the sum that of a
                line between the two. Of an hour the last value is exact.
    gauge       minimum, maximum, mean and last value, rounded
    whole       minimum, maximum, sum and last value, whose decimals make whole numbers
    floats      minimum, maximum, sum and last value, whatever they are; a maximum that is the last value is left out

What is said of buckets is said of those in which the series has a value. How many it has comes first, where these are
fewer than the host has ticks.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from sysmon_agent.names import METRICS
from sysmon_agent.names import Kind as MetricKind
from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.terms import Flags, Floats, Whole
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import (
    DamagedColumnError,
    pack_columns,
    pack_whole,
    pack_wholes,
    scaled,
    unpack_column,
    unpack_whole,
    unpack_wholes,
)
from sysmon_appliance.segments.rounded_rollups import pack_counter, pack_gauge, unpack_counter, unpack_gauge
from sysmon_appliance.segments.surveys import Survey, survey


class _Form(IntEnum):
    """How the statistics of a series are kept: the first byte of a piece."""

    EMPTY = 0
    CONSTANT = 1
    COUNTER = 2
    GAUGE = 3
    WHOLE = 4
    FLOATS = 5


_OWN_COUNT = 0x80
"""Set in the first byte where values are missing in ticks that others have: then the numbers of values come first."""

_FLOAT = struct.Struct("<d")
_LENGTH = struct.Struct("<I")
_LARGEST = float(1 << 52)
_NEARLY_WHOLE = 1e-10  # what adding up a few hundred decimals leaves over, relative to their sum


def pack_rollups(schema: Schema, stats: Stats, ticks: Whole, *, exact: bool) -> list[bytes]:
    """Pack every series; `ticks` is int64 [buckets], how many ticks the host has in each."""
    complete: Flags = np.all(stats.count > 0, axis=1)
    surveys = survey(_chosen(stats, complete))
    packed = []
    for place, (series, is_complete) in enumerate(zip(schema.series, complete.tolist(), strict=True)):
        one = _chosen(stats, place)
        if is_complete:
            piece = _pack(series, one, next(surveys), exact=exact)
        else:
            piece = _pack_present(series, _chosen(one, one.count > 0), exact=exact)
        packed.append(_with_count(piece, one.count, ticks))
    return packed


def _chosen(stats: Stats, places: int | Flags | None) -> Stats:
    each = stats.minimum, stats.maximum, stats.total, stats.count, stats.last
    return Stats(*(values[places] for values in each))


def _pack_present(series: Series, one: Stats, *, exact: bool) -> bytes:
    """Pack the buckets in which a series has values, of which there may be none."""
    if not len(one.last):
        return bytes([_Form.EMPTY])
    [like] = survey(_chosen(one, np.newaxis))
    return _pack(series, one, like, exact=exact)


def _with_count(piece: bytes, count: Floats, ticks: Whole) -> bytes:
    if np.array_equal(count, ticks):
        return piece
    packed = pack_whole(count.astype(np.int64))
    return bytes([piece[0] | _OWN_COUNT]) + _LENGTH.pack(len(packed)) + packed + piece[1:]


def _pack(series: Series, one: Stats, like: Survey, *, exact: bool) -> bytes:
    if like.is_constant:
        return bytes([_Form.CONSTANT]) + _FLOAT.pack(one.last[0])
    if not like.is_bounded:
        return _pack_floats(one)
    counted = _as_counter(series, one, like.scale, exact=exact)
    if counted is not None:
        return bytes([_Form.COUNTER]) + counted
    rounded = None if exact else pack_gauge(one, like.scale)
    return _pack_exact(one, like.scale) if rounded is None else bytes([_Form.GAUGE]) + rounded


def _as_counter(series: Series, one: Stats, scale: float, *, exact: bool) -> bytes | None:
    """Pack what counts. Of a metric that we do not know, what it does in minutes will tell whether it does.

    Over an hour, a gauge that only rises has a sum that is far from that of a line.
    """
    metric = METRICS.get(series.metric)
    if metric is None:
        return None if exact else pack_counter(one, scale, exact=False, known=False)
    return pack_counter(one, scale, exact=exact, known=True) if metric.kind is MetricKind.COUNTER else None


def _pack_exact(one: Stats, scale: float) -> bytes:
    if not scale or np.abs(one.total).max() * scale > _LARGEST:
        return _pack_floats(one)
    low, high, last, total = (np.rint(each * scale) for each in (one.minimum, one.maximum, one.last, one.total))
    if (np.abs(total - one.total * scale) > _NEARLY_WHOLE * np.maximum(np.abs(total), 1.0)).any():
        return _pack_floats(one)
    parts = np.array([low, high - low, last - low, total - low * one.count])
    return bytes([_Form.WHOLE]) + _FLOAT.pack(scale) + b"".join(pack_wholes(parts.astype(np.int64)))


def _pack_floats(one: Stats) -> bytes:
    last, minimum, total = pack_columns(np.array([one.last, one.minimum, one.total]))
    same = one.maximum.view(np.uint64) == one.last.view(np.uint64)
    maximum = b"" if same.all() else pack_columns(one.maximum[np.newaxis])[0]
    parts = (last, minimum, total, maximum)
    return bytes([_Form.FLOATS]) + b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpack_rollups(pieces: Sequence[bytes], ticks: Whole) -> Stats:
    """Unpack some series.

    Raises
    ------
    DamagedColumnError
        A piece is none.
    """
    found = np.empty((5, len(pieces), len(ticks)))
    count = ticks.astype(np.float64)
    with np.errstate(all="ignore"):  # of what is damaged, anything may be asked
        for place, piece in enumerate(pieces):
            try:
                _unpack(piece, count, found[:, place])
            except (struct.error, LookupError, ValueError) as error:
                raise DamagedColumnError(f"the statistics of a series cannot be read: {error}") from error
    return Stats(*found)


def _unpack(piece: bytes, count: Floats, into: Floats) -> None:
    """Fill in minimum, maximum, total, count and last: float64 [5, buckets]; without values there are none."""
    how, rest = piece[0], piece[1:]
    if how & _OWN_COUNT:
        packed, rest = _taken(rest)
        count = unpack_whole(packed, len(count)).astype(np.float64)
    there = count > 0
    if there.all():
        _fill(into, _unpack_present(how & ~_OWN_COUNT, rest, count))
        return
    found = np.empty((5, np.count_nonzero(there)))
    _fill(found, _unpack_present(how & ~_OWN_COUNT, rest, count[there]))
    into[:] = np.nan
    into[3] = 0.0
    into[:, there] = found


def _fill(into: Floats, one: Stats) -> None:
    into[0], into[1], into[2], into[3], into[4] = one.minimum, one.maximum, one.total, one.count, one.last


def _unpack_present(how: int, rest: bytes, count: Floats) -> Stats:
    match how:
        case _Form.EMPTY:
            return Stats(*np.empty((5, 0)))
        case _Form.CONSTANT:
            value = np.full(len(count), _FLOAT.unpack(rest)[0])
            return Stats(value, value, value * count, count, value)
        case _Form.COUNTER:
            return unpack_counter(rest, count)
        case _Form.GAUGE:
            return unpack_gauge(rest, count)
        case _Form.WHOLE:
            return _unpack_whole(rest, count)
        case _Form.FLOATS:
            return _unpack_floats(rest, count)
    raise DamagedColumnError(f"the statistics of a series begin with {how}")


def _unpack_whole(rest: bytes, count: Floats) -> Stats:
    (scale,) = _FLOAT.unpack_from(rest)
    low, height, last, above = unpack_wholes(rest[_FLOAT.size :], len(count), 4)
    total = above + low * count.astype(np.int64)
    return Stats(
        scaled(low, scale), scaled(low + height, scale), scaled(total, scale), count, scaled(low + last, scale)
    )


def _unpack_floats(rest: bytes, count: Floats) -> Stats:
    parts = []
    for _ in range(4):
        part, rest = _taken(rest)
        parts.append(part)
    last, minimum, total, maximum = parts
    low, high, added, newest = (unpack_column(part, len(count)) for part in (minimum, maximum or last, total, last))
    return Stats(low, high, added, count, newest)


def _taken(rest: bytes) -> tuple[bytes, bytes]:
    """Take off bytes that stand behind their number; return them and what follows."""
    (length,) = _LENGTH.unpack_from(rest)
    end = _LENGTH.size + length
    return rest[_LENGTH.size : end], rest[end:]
