"""One row of a segment: what a host has in one window, as bytes of which a reader needs only some.

A row is a prelude and, after it, one piece of bytes per series. The prelude has the times, the declared gaps, and the
length and the checksum of every piece; it carries a checksum of its own. So some series can be read without the
others, and damage anywhere is found before anything of it is believed.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.segments.columns import DamagedColumnError, pack_whole, unpack_whole

_HEAD = struct.Struct("<IIIII")  # checksum of the rest of the prelude; its length; points; series; gaps
_ENTRY = np.dtype([("length", "<u4"), ("checksum", "<u4")])
_GAP = struct.Struct("<qqB")
_REGULAR = struct.Struct("<qq")
_PACKED = struct.Struct("<BI")
_EVENLY, _UNEVENLY = 0, 1
_MOST = 1 << 28  # bytes before the pieces of one row; more is damage
_MOST_VALUES = 1 << 26  # of one row: four times as many as are ever written

ReadBytes = Callable[[int, int], bytes]
"""Reads so many bytes of a row's body from a place on."""


@dataclass(frozen=True, slots=True)
class Prelude:
    """What a row says before its pieces."""

    times: tuple[Times, ...]  # int64 [points] each: of ticks one; of rollups starts, last ticks, numbers of ticks
    gaps: tuple[TimeGap, ...]
    starts: npt.NDArray[np.int64]  # int64 [series + 1]: where each piece begins in the body, and where the last ends
    checksums: npt.NDArray[np.uint32]

    @property
    def points(self) -> int:
        return len(self.times[0])


def pack_row(times: Sequence[Times], gaps: Sequence[TimeGap], pieces: Sequence[bytes]) -> bytes:
    """Make the body of a row; `times` are of one length."""
    entries = np.array([(len(piece), zlib.crc32(piece)) for piece in pieces], _ENTRY)
    rest = b"".join(
        [
            entries.tobytes(),
            *(_GAP.pack(gap.from_ms, gap.to_ms, gap.reason) for gap in gaps),
            *(_pack_times(each) for each in times),
        ]
    )
    sizes = struct.pack("<IIII", len(rest), len(times[0]), len(pieces), len(gaps))
    return struct.pack("<I", zlib.crc32(sizes + rest)) + sizes + rest + b"".join(pieces)


def _pack_times(t: Times) -> bytes:
    """Pack rising times: a start and a step where they are even."""
    steps = np.diff(t)
    if len(t) and (steps == steps[:1]).all():
        step = int(steps[0]) if len(steps) else 0
        return _PACKED.pack(_EVENLY, _REGULAR.size) + _REGULAR.pack(int(t[0]), step)
    packed = pack_whole(t)
    return _PACKED.pack(_UNEVENLY, len(packed)) + packed


def read_prelude(read: ReadBytes, *, times: int) -> Prelude:
    """Read what stands before the pieces; there are `times` arrays of times.

    Raises
    ------
    DamagedColumnError
        It is not what was written.
    """
    head = read(0, _HEAD.size)
    if len(head) != _HEAD.size:
        raise DamagedColumnError("a row ends early")
    checksum, length, points, series, gaps = _HEAD.unpack(head)
    if max(length, gaps) > _MOST or max(points, 1) * max(series, 1) > _MOST_VALUES:
        raise DamagedColumnError("a row says that it is larger than any")
    rest = read(_HEAD.size, length)
    if len(rest) != length or zlib.crc32(head[4:] + rest) != checksum:
        raise DamagedColumnError("the beginning of a row is not what was written")
    entries = np.frombuffer(rest, _ENTRY, count=series)
    gaps_end = entries.nbytes + gaps * _GAP.size
    lengths = entries["length"].astype(np.int64)
    return Prelude(
        times=_unpack_times(rest[gaps_end:], points, times),
        gaps=tuple(_gap(*_GAP.unpack_from(rest, entries.nbytes + n * _GAP.size)) for n in range(gaps)),
        starts=np.concatenate([[0], np.cumsum(lengths)]) + _HEAD.size + length,
        checksums=entries["checksum"],
    )


def _gap(from_ms: int, to_ms: int, reason: int) -> TimeGap:
    return TimeGap(from_ms, to_ms, GapReason.of(reason))


def _unpack_times(packed: bytes, points: int, arrays: int) -> tuple[Times, ...]:
    found = []
    for _ in range(arrays):
        how, length = _PACKED.unpack_from(packed)
        body, packed = packed[_PACKED.size : _PACKED.size + length], packed[_PACKED.size + length :]
        if how == _EVENLY:
            start, step = _REGULAR.unpack(body)
            found.append(start + step * np.arange(points, dtype=np.int64))
        else:
            found.append(unpack_whole(body, points))
    return tuple(found)


def read_pieces(read: ReadBytes, prelude: Prelude, chosen: Sequence[int]) -> list[bytes]:
    """Read the pieces of some series; those that lie beside each other at once.

    Raises
    ------
    DamagedColumnError
        A piece is not what was written.
    """
    pieces: list[bytes] = [b""] * len(chosen)
    order = sorted(range(len(chosen)), key=chosen.__getitem__)
    starts = prelude.starts.tolist()
    position = 0
    while position < len(order):
        end = position + 1
        while end < len(order) and chosen[order[end]] - chosen[order[end - 1]] <= 1:
            end += 1
        first, last = chosen[order[position]], chosen[order[end - 1]]
        run = read(starts[first], starts[last + 1] - starts[first])
        for place in order[position:end]:
            series = chosen[place]
            pieces[place] = _checked(
                run[starts[series] - starts[first] : starts[series + 1] - starts[first]], prelude, series
            )
        position = end
    return pieces


def _checked(piece: bytes, prelude: Prelude, series: int) -> bytes:
    if zlib.crc32(piece) != prelude.checksums[series]:
        raise DamagedColumnError("a series of a row is not what was written")
    return piece
