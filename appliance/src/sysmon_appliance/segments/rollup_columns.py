"""The statistics of one series over many buckets as bytes."""

import struct
from collections.abc import Sequence

import numpy as np

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import DamagedColumnError, pack_columns, unpack_column

_FIELDS = 5
_LENGTHS = struct.Struct(f"<{_FIELDS}I")


def pack_rollups(schema: Schema, stats: Stats, *, exact: bool) -> list[bytes]:  # noqa: ARG001
    """Pack every series: the statistics of one are one piece."""
    arrays = (stats.minimum, stats.maximum, stats.total, stats.count, stats.last)
    packed = [pack_columns(each) for each in arrays]
    return [_LENGTHS.pack(*map(len, one)) + b"".join(one) for one in zip(*packed, strict=True)]


def unpack_rollups(pieces: Sequence[bytes], buckets: int) -> Stats:
    """Unpack some series.

    Raises
    ------
    DamagedColumnError
        A piece is none.
    """
    found = np.empty((_FIELDS, len(pieces), buckets))
    for place, piece in enumerate(pieces):
        found[:, place] = _unpack(piece, buckets)
    return Stats(*found)


def _unpack(piece: bytes, buckets: int) -> Sequence[Floats]:
    if len(piece) < _LENGTHS.size:
        raise DamagedColumnError("the statistics of a series end early")
    columns, position = [], _LENGTHS.size
    for length in _LENGTHS.unpack_from(piece):
        columns.append(unpack_column(piece[position : position + length], buckets))
        position += length
    return columns
