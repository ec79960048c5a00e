"""Fewer points that draw the same picture: the minimum and the maximum of each slice of time.

A chart of n pixels shows no more than the highest and the lowest value of each pixel. The two are given in the order
in which they occurred, at the times of the slice's first and last tick, so that all lines share their times. (M4 and
min-max: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sysmon_appliance.domain.terms import Flags, Floats, Indexes

Times = npt.NDArray[np.int64]

_MOST_PADDING = 3
"""Slices are laid beside each other as long as that takes no more than so many times their room."""


@dataclass(frozen=True, slots=True)
class Points:
    """Lines over shared times.

    `t` is int64 [points], strictly rising; `values` is float64 [lines, points]; `breaks` is bool [points] and marks
    a point before which data is missing.
    """

    t: Times
    values: Floats
    breaks: Flags


@dataclass(frozen=True, slots=True)
class Window:
    """The times from_ms..to_ms, both included, cut into slices of which each may have two points."""

    from_ms: int
    to_ms: int
    points: int

    def slice_of(self, t: Times) -> Times:
        """Return the number of the slice that each time falls into."""
        slices = max(1, self.points // 2)
        return (t - self.from_ms) * slices // (self.to_ms - self.from_ms + 1)


def reduce(points: Points, window: Window) -> Points:
    """Keep at most two points per slice; slices of one or two ticks stay as they are."""
    slices = window.slice_of(points.t)
    starts = np.flatnonzero(np.diff(slices, prepend=slices[:1] - 1))
    counts = np.diff(starts, append=len(slices))
    if counts.max(initial=0) <= 2:
        return points
    ends = starts + counts - 1
    kept = np.stack([np.ones_like(counts, np.bool_), counts > 1], axis=1).ravel()
    t = np.stack([points.t[starts], points.t[ends]], axis=1).ravel()
    breaks = np.stack([points.breaks[starts], np.zeros_like(starts, np.bool_)], axis=1).ravel()
    return Points(t[kept], _extremes(points.values, starts, counts)[:, kept], breaks[kept])


def _extremes(values: Floats, starts: Indexes, counts: Indexes) -> Floats:
    """Give two values per slice: float64 [lines, 2 * slices]."""
    even = counts.max() * len(counts) <= _MOST_PADDING * values.shape[1]
    low_first, lows, highs = (_of_even if even else _of_uneven)(values, starts, counts)
    found = np.stack([np.where(low_first, lows, highs), np.where(low_first, highs, lows)], axis=2)
    few = counts <= 2
    found[:, few, 0] = values[:, starts[few]]
    found[:, few, 1] = values[:, (starts + counts - 1)[few]]
    return found.reshape(len(values), -1)


def _of_even(values: Floats, starts: Indexes, counts: Indexes) -> tuple[Flags, Floats, Floats]:
    """Tell of each slice whether its minimum occurs first, its minimum and its maximum.

    Slices are laid beside each other, the shorter ones filled up with their last value: half the time of `_of_uneven`.
    """
    ticks = values.take(np.minimum(np.arange(counts.max())[:, np.newaxis], counts - 1) + starts, axis=1)
    lows, highs = np.fmin.reduce(ticks, axis=1), np.fmax.reduce(ticks, axis=1)
    low_first = np.zeros(lows.shape, np.bool_)
    for tick in reversed(range(ticks.shape[1])):
        low_first = (low_first & (ticks[:, tick] != highs)) | (ticks[:, tick] == lows)
    return low_first, lows, highs


def _of_uneven(values: Floats, starts: Indexes, counts: Indexes) -> tuple[Flags, Floats, Floats]:
    """Do as `_of_even` where one slice has far more ticks than others."""
    lows = np.fmin.reduceat(values, starts, axis=1)
    highs = np.fmax.reduceat(values, starts, axis=1)
    return _first(values, lows, starts, counts) <= _first(values, highs, starts, counts), lows, highs


def _first(values: Floats, wanted: Floats, starts: Indexes, counts: Indexes) -> Indexes:
    """Find where in its slice each wanted value occurs first; beyond the end where it is missing."""
    positions = np.where(values == np.repeat(wanted, counts, axis=1), np.arange(values.shape[1]), values.shape[1])
    return np.minimum.reduceat(positions, starts, axis=1)


def with_nulls(points: Points) -> Points:
    """Put a point without values into each break, so that no line is drawn across it."""
    places = np.flatnonzero(points.breaks[1:]) + 1
    if not len(places):
        return points
    middle = (points.t[places - 1] + points.t[places]) // 2
    return Points(
        t=np.insert(points.t, places, middle),
        values=np.insert(points.values, places, np.nan, axis=1),
        breaks=np.insert(points.breaks, places, [False]),
    )
