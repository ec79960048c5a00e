"""Statistics of minutes, rounded to what a chart can show.

Everything is kept as whole multiples of a step. A step is a number of the units that the series is measured in, where
it is measured in decimals, so that what comes back are decimals, too, and exact ones where the step is a single unit.
Of what cannot be kept so, nothing is returned: it is then kept exactly.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np

from sysmon_appliance.domain.terms import Flags, Floats, Whole
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import (
    DamagedColumnError,
    pack_whole,
    pack_wholes,
    unpack_whole,
    unpack_wholes,
)

GAUGE_STEPS = 4
"""A gauge's step is at most this part of the distance from minimum to maximum in its median minute."""

COUNTER_STEPS = 128
"""A counter's step is at most this part of its growth in its median minute."""

_SMALLEST_MEAN_STEP = 1 / 16  # of a unit: the mean of six whole numbers is none
_FEW = 16  # at most one bucket of so many may not be as a counter's are
_LARGEST = float(1 << 52)

_GRID = struct.Struct("<dd")
_WIDE = struct.Struct("<d")
_COUNTER = struct.Struct("<I")
_ODD = np.dtype([("place", "<i8"), ("low", "<i8"), ("high", "<i8")])


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that a series is rounded to: whole numbers times `step`, over `scale`."""

    scale: float  # what makes whole numbers of the series' values, or 1
    step: float

    @classmethod
    def of(cls, one: Stats, scale: float, coarsest: float) -> "Grid | None":
        """Choose the coarsest grid up to a width that holds every value; None where there is none."""
        grid = cls(scale, max(1.0, float(np.floor(coarsest * scale)))) if scale else cls(1.0, coarsest)
        largest = max(-one.minimum.min(), one.maximum.max(), 0.0)
        return grid if grid.step > 0 and largest / grid.step * grid.scale < _LARGEST else None

    @property
    def is_exact(self) -> bool:
        return self.step == 1.0

    @property
    def last_width(self) -> int:
        """How many steps apart the last values of gauges are."""
        return 1 if self.is_exact else 2

    def nearest(self, values: Floats) -> Floats:
        found: Floats = np.rint(values * self.scale / self.step)
        return found

    def values(self, places: Floats | Whole) -> Floats:
        return np.asarray(places * self.step / self.scale, np.float64)

    def below(self, values: Floats) -> Floats:
        """Return the places of the largest numbers that are no larger, even after they were read back."""
        places = self.nearest(values)
        lower: Floats = places - (self.values(places) > values)
        return lower

    def above(self, values: Floats) -> Floats:
        places = self.nearest(values)
        higher: Floats = places + (self.values(places) < values)
        return higher


def pack_counter(one: Stats, scale: float, *, exact: bool, known: bool) -> bytes | None:
    """Pack what only grows: last values, and of the few buckets that are none of a counter's, their range.

    Such a bucket is the first one, and each in which a counter was reset. Of what is not known as a counter, it is
    also each that begins far above the one before: a gauge that rises has a minimum of its own there.
    """
    odd = _odd_buckets(one, math.inf if known else _usual_height(one))
    grid = Grid.of(one, scale, 0.0 if exact else _usual_growth(one) / COUNTER_STEPS)
    if grid is None or np.count_nonzero(odd) * _FEW > len(odd) + _FEW - 1:
        return None
    ranges = np.empty(np.count_nonzero(odd), _ODD)
    ranges["place"] = np.flatnonzero(odd)
    ranges["low"], ranges["high"] = grid.below(one.minimum[odd]), grid.above(one.maximum[odd])
    lasts = pack_whole(grid.nearest(one.last).astype(np.int64))
    return _GRID.pack(grid.scale, grid.step) + _COUNTER.pack(len(ranges)) + ranges.tobytes() + lasts


def _usual_growth(one: Stats) -> float:
    return float(np.median(np.diff(one.last))) if len(one.last) > 1 else 0.0


def _usual_height(one: Stats) -> float:
    return float(np.median(one.maximum - one.minimum))


def _odd_buckets(one: Stats, highest_step: float) -> Flags:
    """Tell which buckets do not begin where the one before ended, or not far above, and end highest."""
    odd: Flags = one.maximum != one.last
    odd[0] = True
    steps = one.minimum[1:] - one.last[:-1]
    odd[1:] |= (steps < 0) | (steps > highest_step)
    return odd


def unpack_counter(packed: bytes, count: Floats) -> Stats:
    """Unpack; the sum is that of a line from the smallest value to the largest."""
    grid, rest = _grid(packed)
    (odd,) = _COUNTER.unpack_from(rest)
    ranges = np.frombuffer(rest, _ODD, count=odd, offset=_COUNTER.size)
    places = unpack_whole(rest[_COUNTER.size + ranges.nbytes :], len(count))
    low, high = np.concatenate([places[:1], places[:-1]]), places.copy()
    if odd and not 0 <= ranges["place"].min() <= ranges["place"].max() < len(places):
        raise DamagedColumnError("a bucket lies beyond the last one")
    low[ranges["place"]], high[ranges["place"]] = ranges["low"], ranges["high"]
    minimum, maximum = grid.values(low), grid.values(high)
    return Stats(minimum, maximum, (minimum + maximum) / 2 * count, count, grid.values(places))


def pack_gauge(one: Stats, scale: float) -> bytes | None:
    """Pack what goes up and down: the minimum, and how far above it the maximum, the last value and the mean are.

    The steps of the last value and of the mean are twice as wide; of small whole numbers the mean keeps fractions.
    """
    usual = _usual_height(one) / GAUGE_STEPS
    grid = Grid.of(one, scale, usual)
    if grid is None:
        return None
    wide = np.clip(2 * usual * grid.scale, _SMALLEST_MEAN_STEP, 1.0) if grid.is_exact else 2 * grid.step
    low = grid.below(one.minimum)
    mean = one.total / one.count * grid.scale - low * grid.step
    last = (grid.nearest(one.last) - low) / grid.last_width
    parts = np.array([low, grid.above(one.maximum) - low, last, mean / wide])
    packed = pack_wholes(np.rint(parts).astype(np.int64))
    return _GRID.pack(grid.scale, grid.step) + _WIDE.pack(wide) + b"".join(packed)


def unpack_gauge(packed: bytes, count: Floats) -> Stats:
    """Unpack; rounding moves neither mean nor last value out of the band."""
    grid, rest = _grid(packed)
    (wide,) = _WIDE.unpack_from(rest)
    low, height, last, above = unpack_wholes(rest[_WIDE.size :], len(count), 4)
    minimum, maximum = grid.values(low), grid.values(low + height)
    mean = np.clip((low * grid.step + above * wide) / grid.scale, minimum, maximum)
    newest = np.clip(grid.values(low + last * grid.last_width), minimum, maximum)
    return Stats(minimum, maximum, mean * count, count, newest)


def _grid(packed: bytes) -> tuple[Grid, bytes]:
    scale, step = _GRID.unpack_from(packed)
    return Grid(scale, step), packed[_GRID.size :]
