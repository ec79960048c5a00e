"""Rollups: what became of each series in each minute or hour.

A bucket keeps the smallest and the largest value, the sum and the number of values, and the last one. So it can be
merged with another of the same time, and what was rolled up by the minute can be rolled up by the hour.
"""

import numpy as np

from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.terms import Flags, Floats, Indexes
from sysmon_appliance.domain.ticks import Stats

_FEW = 32
"""Ticks of a bucket up to which it pays to go through all buckets at once."""


def roll_up(t: Times, values: Floats, bucket_ms: int) -> tuple[Times, Times, Stats]:
    """Roll ticks up: return the start of each bucket, the time of its last tick, and the statistics.

    `t` is int64 [ticks], strictly rising and at least one; `values` is float64 [series, ticks], NaN where missing.
    """
    buckets, starts, ends = _buckets(t, bucket_ms)
    missing = np.isnan(values)
    if missing.any():  # by a NaN that is a signalling one, as it comes from the wire, which fmin does not pass over
        values = np.where(missing, np.nan, values)
    fullest = int((ends - starts).max()) + 1
    by_place = fullest <= _FEW and fullest * len(starts) <= 2 * len(t)
    stats = _by_place(values, starts, ends) if by_place else _by_bucket(values, starts, ends)
    return buckets, t[ends], stats


def _by_place(values: Floats, starts: Indexes, ends: Indexes) -> Stats:
    """Go through the first tick of all buckets, then the second one: fast where all have about as many, and few."""
    shape = len(values), len(starts)
    minimum, maximum, last = (np.full(shape, np.nan) for _ in range(3))
    total, count = np.zeros(shape), np.zeros(shape)
    for place in range(int((ends - starts).max()) + 1):
        ticks = starts + place
        found = np.take(values, np.minimum(ticks, ends), axis=1)
        there = ~np.isnan(found) & (ticks <= ends)
        np.fmin(minimum, found, out=minimum)  # beyond a bucket's end, its last tick comes again
        np.fmax(maximum, found, out=maximum)
        with np.errstate(invalid="ignore", over="ignore"):  # infinities of both signs have no sum
            np.add(total, found, out=total, where=there)
        np.copyto(last, found, where=there)
        count += there
    return Stats(minimum, maximum, np.where(count > 0, total, np.nan), count, last)


def _by_bucket(values: Floats, starts: Indexes, ends: Indexes) -> Stats:
    """Go through one bucket after the other, however many ticks each has."""
    present = ~np.isnan(values)
    count = np.add.reduceat(present, starts, axis=1, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(np.where(present, values, 0.0), starts, axis=1)
    return Stats(
        minimum=np.fmin.reduceat(values, starts, axis=1),
        maximum=np.fmax.reduceat(values, starts, axis=1),
        total=np.where(count > 0, total, np.nan),
        count=count,
        last=_last(values, present, starts, ends),
    )


def roll_up_further(t: Times, last_ms: Times, stats: Stats, bucket_ms: int) -> tuple[Times, Times, Stats]:
    """Roll rollups up to longer buckets; arguments and result are as of `roll_up`."""
    buckets, starts, ends = _buckets(t, bucket_ms)
    present = stats.count > 0
    count = np.add.reduceat(stats.count, starts, axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(np.where(present, stats.total, 0.0), starts, axis=1)
    further = Stats(
        minimum=np.fmin.reduceat(stats.minimum, starts, axis=1),
        maximum=np.fmax.reduceat(stats.maximum, starts, axis=1),
        total=np.where(count > 0, total, np.nan),
        count=count,
        last=_last(stats.last, present, starts, ends),
    )
    return buckets, last_ms[ends], further


def _buckets(t: Times, bucket_ms: int) -> tuple[Times, Indexes, Indexes]:
    """Return the start of each bucket that has a tick, and its first and last position in `t`."""
    of_tick = t - t % bucket_ms
    starts = np.flatnonzero(np.diff(of_tick, prepend=of_tick[:1] - 1))
    return of_tick[starts], starts, np.append(starts[1:], len(t)) - 1


def _last(values: Floats, present: Flags, starts: Indexes, ends: Indexes) -> Floats:
    """Find the last value of each bucket that is there; NaN where none is."""
    if present[:, ends].all():
        return values[:, ends]
    positions = np.where(present, np.arange(values.shape[1]), -1)
    newest = np.maximum.reduceat(positions, starts, axis=1)
    found = np.take_along_axis(values, np.maximum(newest, 0), axis=1)
    return np.where(newest >= 0, found, np.nan)


Rolled = tuple[Times, Times, Stats]
"""Starts of buckets, times of their last ticks, statistics; as `roll_up` returns them."""


def merge_rollups(first: Rolled, second: Rolled) -> Rolled:
    """Merge rollups of the same series; a bucket that both have is of the ticks of both, and no tick is in both.

    The last value is that of whichever has the later tick, even where this series was missing in that tick.
    """
    t = np.union1d(first[0], second[0])
    (last_one, one), (last_other, other) = _spread(first, t), _spread(second, t)
    present = (one.count > 0) | (other.count > 0)
    with np.errstate(invalid="ignore"):
        total = _sum(one) + _sum(other)
    later = last_other >= last_one
    newest, older = np.where(later, other.last, one.last), np.where(later, one.last, other.last)
    stats = Stats(
        minimum=np.fmin(one.minimum, other.minimum),
        maximum=np.fmax(one.maximum, other.maximum),
        total=np.where(present, total, np.nan),
        count=one.count + other.count,
        last=np.where(np.isnan(newest), older, newest),
    )
    return t, np.maximum(last_one, last_other), stats


def _sum(stats: Stats) -> Floats:
    return np.where(stats.count > 0, stats.total, 0.0)


def _spread(rolled: Rolled, t: Times) -> tuple[Times, Stats]:
    """Lay rollups out over more buckets; those that they do not have are empty."""
    own, last_ms, stats = rolled
    places = np.searchsorted(t, own)
    wide_last = np.full(len(t), -1, np.int64)
    wide_last[places] = last_ms
    return wide_last, stats.laid_out((len(stats.count), len(t)), (slice(None), places))
