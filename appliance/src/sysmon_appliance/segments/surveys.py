"""What many series are like, found for all at once: to ask each by itself takes longer than to pack it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats
from sysmon_appliance.segments.columns import decimal_scales

_LARGEST = float(1 << 52)
_AT_ONCE = 1 << 14  # buckets: with what is made of them, they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Survey:
    """What the statistics of one series are like, in the buckets in which it has values."""

    is_constant: bool  # bit for bit
    is_bounded: bool  # finite, and of a size that whole numbers can have
    scale: float  # the least one that makes whole numbers of all values; 0 where none does


def survey(stats: Stats) -> Iterator[Survey]:
    """Look at series that have a value in each bucket, of which there is at least one."""
    at_once = max(1, _AT_ONCE // stats.last.shape[1])
    for start in range(0, len(stats.last), at_once):
        part = slice(start, start + at_once)
        yield from _survey(stats.minimum[part], stats.maximum[part], stats.total[part], stats.last[part])


def _survey(minimum: Floats, maximum: Floats, total: Floats, last: Floats) -> Iterator[Survey]:
    values = np.concatenate([minimum, maximum, last], axis=1)
    bits = values.view(np.uint64)
    constant = (bits == bits[:, :1]).all(axis=1)
    bounded = np.isfinite(total).all(axis=1) & (np.maximum(-minimum.min(axis=1), maximum.max(axis=1)) <= _LARGEST)
    chosen = np.flatnonzero(bounded & ~constant)
    scales = np.zeros(len(values))
    scales[chosen] = decimal_scales(values[chosen])
    return map(Survey, constant.tolist(), bounded.tolist(), scales.tolist())
