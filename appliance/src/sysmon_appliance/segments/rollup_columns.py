"""The statistics of one series over many buckets as one piece of bytes.

Five statistics of a minute hold more than the six ticks that they stand for, and lie beside these for a month. So what
no chart can show is not kept of a minute: a gauge is rounded to a small part of the range in which it mostly moves that
day, its minimum down and its maximum up; a counter to a small part of its usual growth in a minute, which does not add
up, because what is rounded is the counter and not its growth. Hours are not rounded, and numbers of values never are.

    constant    the value
    counter     only grows: the last value; the minimum is the last value before, the maximum the last one, and the sum
                that of a line between the two
    gauge       mean, minimum, maximum and last value, as whole multiples of a unit
    exact       every statistic as it is; a maximum that is the last value is left out
"""

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import (
    DamagedColumnError,
    pack_columns,
    pack_whole,
    pack_wholes,
    unpack_column,
    unpack_whole,
)

_CONSTANT, _COUNTER, _GAUGE, _EXACT = range(4)
_OWN_COUNT = 0x80
"""Set in the first byte where values are missing in ticks that others have: then the numbers of values come first."""

GAUGE_STEPS = 128
"""A gauge's unit is this part of the range between its tenth and its ninetieth hundredth."""

COUNTER_STEPS = 256
"""A counter's unit is this part of its median growth in a bucket."""

_FLOAT = struct.Struct("<d")
_LENGTH = struct.Struct("<I")
_LARGEST = float(1 << 52)
_ROUNDABLE = 1e300  # what is larger, or infinite, could overflow where it is rounded up

Whole = npt.NDArray[np.int64]


def pack_rollups(stats: Stats, ticks: Whole, *, exact: bool) -> list[bytes]:
    """Pack every series; `ticks` is int64 [buckets], how many ticks the host has in each."""
    return [
        _with_count(_pack(_series(stats, place), exact=exact), stats.count[place], ticks)
        for place in range(len(stats.count))
    ]


def _series(stats: Stats, place: int) -> Stats:
    return Stats(stats.minimum[place], stats.maximum[place], stats.total[place], stats.count[place], stats.last[place])


def _with_count(piece: bytes, count: Floats, ticks: Whole) -> bytes:
    if np.array_equal(count, ticks):
        return piece
    packed = pack_whole(count.astype(np.int64))
    return bytes([piece[0] | _OWN_COUNT]) + _LENGTH.pack(len(packed)) + packed + piece[1:]


def _pack(one: Stats, *, exact: bool) -> bytes:
    if not (np.abs(one.total) < _ROUNDABLE).all():
        return _pack_exact(one)
    if one.minimum.min() == one.maximum.max() and one.last[0] != 0.0:
        return bytes([_CONSTANT]) + _FLOAT.pack(one.last[0])
    if _only_grows(one):
        return _pack_counter(one, 1.0 if exact else max(1.0, _growth(one) // COUNTER_STEPS))
    return _pack_exact(one) if exact else _pack_gauge(one)


def _only_grows(one: Stats) -> bool:
    grows = (one.maximum == one.last).all() and (one.minimum[1:] >= one.last[:-1]).all()
    small = max(-one.minimum[0], np.abs(one.last).max()) <= _LARGEST
    return bool(grows and small) and _are_whole(one.last)


def _growth(one: Stats) -> float:
    return float(np.median(np.diff(one.last))) if len(one.last) > 1 else 0.0


def _pack_counter(one: Stats, unit: float) -> bytes:
    head = bytes([_COUNTER]) + _FLOAT.pack(unit) + _FLOAT.pack(one.minimum[0])
    return head + pack_whole(np.rint(one.last / unit).astype(np.int64))


def _pack_gauge(one: Stats) -> bytes:
    mean = one.total / one.count
    low, high = np.percentile(mean, (10, 90))
    unit = float(high - low) / GAUGE_STEPS
    if unit <= _resolution(one) or max(-one.minimum.min(), one.maximum.max()) / unit > _LARGEST:
        return _pack_exact(one)
    middle = np.rint(mean / unit)
    parts = (
        middle,
        middle - np.floor(one.minimum / unit),
        np.ceil(one.maximum / unit) - middle,
        one.last / unit - middle,
    )
    packed = pack_wholes(np.rint(parts).astype(np.int64))
    return bytes([_GAUGE]) + _FLOAT.pack(unit) + _joined(packed)


def _resolution(one: Stats) -> float:
    """Return the step in which a series is measured, where that shows: there is no use in a smaller unit."""
    if max(-one.minimum.min(), one.maximum.max()) > _LARGEST:
        return 0.0
    for scale in (1.0, 10.0, 100.0, 1000.0):
        if all(_are_whole(each * scale) for each in (one.minimum, one.maximum, one.last)):
            return 1.0 / scale
    return 0.0


def _are_whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


def _pack_exact(one: Stats) -> bytes:
    last, minimum, total = pack_columns(np.array([one.last, one.minimum, one.total]))
    same = one.maximum.view(np.uint64) == one.last.view(np.uint64)
    maximum = b"" if same.all() else pack_columns(one.maximum[np.newaxis])[0]
    return bytes([_EXACT]) + _joined([last, minimum, total, maximum])


def _joined(parts: Sequence[bytes]) -> bytes:
    return b"".join(_LENGTH.pack(len(part)) for part in parts) + b"".join(parts)


def unpack_rollups(pieces: Sequence[bytes], ticks: Whole) -> Stats:
    """Unpack some series.

    Raises
    ------
    DamagedColumnError
        A piece is none.
    """
    found = np.empty((5, len(pieces), len(ticks)))
    for place, piece in enumerate(pieces):
        try:
            found[:, place] = _unpack(piece, ticks)
        except (struct.error, IndexError) as error:
            raise DamagedColumnError("the statistics of a series end early") from error
    return Stats(*found)


def _unpack(piece: bytes, ticks: Whole) -> tuple[Floats, ...]:
    """Return minimum, maximum, total, count and last."""
    how, rest, count = piece[0], piece[1:], ticks.astype(np.float64)
    if how & _OWN_COUNT:
        [packed], rest = _parted(rest, 1)
        count = unpack_whole(packed, len(ticks)).astype(np.float64)
    match how & ~_OWN_COUNT:
        case 0:
            value = np.full(len(ticks), _FLOAT.unpack(rest)[0])
            return value, value, value * count, count, value
        case 1:
            return _unpack_counter(rest, count)
        case 2:
            return _unpack_gauge(rest, count)
        case 3:
            return _unpack_exact(rest, count)
    raise DamagedColumnError(f"the statistics of a series begin with {how}")


def _unpack_counter(rest: bytes, count: Floats) -> tuple[Floats, ...]:
    (unit,), (first,) = _FLOAT.unpack_from(rest), _FLOAT.unpack_from(rest, _FLOAT.size)
    last = unpack_whole(rest[2 * _FLOAT.size :], len(count)) * unit
    minimum = np.concatenate([[min(first, last[0])], last[:-1]])
    return minimum, last, (minimum + last) / 2 * count, count, last


def _unpack_gauge(rest: bytes, count: Floats) -> tuple[Floats, ...]:
    (unit,) = _FLOAT.unpack_from(rest)
    parts, _ = _parted(rest[_FLOAT.size :], 4)
    middle, below, above, last = (unpack_whole(part, len(count)) for part in parts)
    return (middle - below) * unit, (middle + above) * unit, middle * unit * count, count, (middle + last) * unit


def _unpack_exact(rest: bytes, count: Floats) -> tuple[Floats, ...]:
    (last, minimum, total, maximum), _ = _parted(rest, 4)
    found = [unpack_column(part, len(count)) for part in (minimum, maximum or last, total)]
    return *found, count, unpack_column(last, len(count))


def _parted(rest: bytes, parts: int) -> tuple[list[bytes], bytes]:
    """Take so many parts off; return them and what follows."""
    lengths = [_LENGTH.unpack_from(rest, _LENGTH.size * number)[0] for number in range(parts)]
    position = _LENGTH.size * parts
    found = []
    for length in lengths:
        found.append(rest[position : position + length])
        position += length
    return found, rest[position:]
