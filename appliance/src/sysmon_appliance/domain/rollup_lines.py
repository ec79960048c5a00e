"""Points of a chart out of rollups.

A line that shows one series as it is keeps the least and the greatest value of each bucket: two points. Every other
line is computed of means, because the extremes of several series need not have met; the extremes of a rate are not
known, its mean is exactly what the counter grew by. A bucket's points stand at its first moment and at its last tick.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sysmon_appliance.domain.downsample import Points, Times
from sysmon_appliance.domain.history import LinePlan
from sysmon_appliance.domain.rollup_stream import RollupChunk
from sysmon_appliance.domain.terms import Flags, Floats, rates
from sysmon_appliance.domain.ticks import Stats


@dataclass(frozen=True, slots=True)
class Before:
    """The tick before a bucket, or the last one of the bucket before; `values` is float64 [needed]."""

    wall_ms: int
    values: Floats


def usual_distance(chunk: RollupChunk) -> int:
    """Estimate the distance between the ticks that were rolled up, in milliseconds; 0 where it is not known."""
    ticks = chunk.stats.count.max(axis=0, initial=0)[1:]
    passed = np.diff(chunk.last_ms)
    known = ticks > 0
    return int(np.median(passed[known] / ticks[known])) if known.any() else 0


def rollup_points(plan: LinePlan[Any], chunk: RollupChunk, before: Before | None, *, reach_ms: int) -> Points:
    """Compute the points of some rollups; no tick for longer than `reach_ms` is a break."""
    first_ms, broken = _beginnings(chunk)
    last_ms, stats = chunk.last_ms, chunk.stats
    before_ms = np.concatenate([[before.wall_ms if before else last_ms[0]], last_ms[:-1]])
    breaks = first_ms - before_ms > reach_ms
    means = _means(stats)[plan.columns]
    if plan.rated.any():
        rated = plan.columns[plan.rated]
        seconds = np.where(breaks, np.nan, (last_ms - before_ms) / 1000)
        means[plan.rated] = _rates(stats, before, seconds)[rated]
    middle = plan.combined(means)
    if not plan.plain.any():
        return Points(last_ms, middle, breaks)
    low, high = _envelope(plan, stats, middle)
    return _two_each(first_ms, last_ms, np.stack([low, high], axis=2), np.stack([breaks, broken], axis=1))


def _beginnings(chunk: RollupChunk) -> tuple[Times, Flags]:
    """Return when each bucket's ticks begin, as far as that is known, and whether a gap lies within it.

    A bucket into which a gap reaches begins where the gap ends.
    """
    first_ms, broken = chunk.t.copy(), np.zeros(len(chunk.t), np.bool_)
    if chunk.gaps:
        from_ms, to_ms = np.array([(gap.from_ms, gap.to_ms) for gap in chunk.gaps]).T
        place = np.searchsorted(chunk.t, to_ms, side="right") - 1
        ends_here = (place >= 0) & (to_ms <= chunk.last_ms[place])
        reaching = ends_here & (from_ms <= chunk.t[place])
        np.maximum.at(first_ms, place[reaching], to_ms[reaching])
        broken[place[ends_here & ~reaching]] = True
    return first_ms, broken


def _means(stats: Stats) -> Floats:
    found = np.full(stats.total.shape, np.nan)
    np.divide(stats.total, stats.count, out=found, where=stats.count > 0)
    return found


def _rates(stats: Stats, before: Before | None, seconds: Floats) -> Floats:
    """Turn counters into their mean rates since the bucket before.

    Where a counter was reset it grew from its least value to its last one, and before that to its greatest, if that is
    more than it has reached since. Counters begin anew at zero, so one that was not less than half of what it had been
    was only rounded.
    """
    first = before.values[:, np.newaxis] if before else np.full((len(stats.last), 1), np.nan)
    previous = np.concatenate([first, stats.last[:, :-1]], axis=1)
    grown = stats.last - previous
    was_reset = (stats.last < previous) | (2 * stats.minimum < previous)
    if was_reset.any():
        reached = np.where(stats.maximum > stats.last, np.maximum(stats.maximum - previous, 0), 0)
        grown = np.where(was_reset, stats.last - stats.minimum + reached, grown)
    return rates(grown, np.zeros_like(grown), seconds[np.newaxis])


def _envelope(plan: LinePlan[Any], stats: Stats, middle: Floats) -> tuple[Floats, Floats]:
    """Return what each line shows first and second: two extremes, or its mean twice.

    Which extreme came first is not known; that from which the last value is farther goes first.
    """
    columns = plan.columns[plan.over.columns[plan.over.starts[plan.plain]]]
    low, high, last = stats.minimum[columns], stats.maximum[columns], stats.last[columns]
    with np.errstate(invalid="ignore"):
        rising = high - last <= last - low
    first, second = middle.copy(), middle.copy()
    first[plan.plain] = np.where(rising, low, high)
    second[plan.plain] = np.where(rising, high, low)
    return first, second


def _two_each(first_ms: Times, last_ms: Times, values: Floats, breaks: Flags) -> Points:
    """Lay two points of each bucket out in order; a bucket of one moment has one."""
    kept = np.stack([np.ones(len(first_ms), np.bool_), last_ms > first_ms], axis=1).ravel()
    t = np.stack([first_ms, last_ms], axis=1).ravel()
    return Points(t[kept], values.reshape(len(values), -1)[:, kept], breaks.ravel()[kept])
