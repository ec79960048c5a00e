"""Sums and maxima over groups of columns, for one host over many ticks or for many hosts at one.

A group is a run of rows in a gathered array, so that one `reduceat` answers all groups at once whatever their sizes.
Missing values (NaN) are left out; a group of which every value is missing has none itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """Which columns make up each group.

    Group i consists of `columns[starts[i]:starts[i + 1]]`. As `reduceat` knows no empty groups, a group without
    columns holds column 0 and is not `present`.
    """

    columns: Indexes
    starts: Indexes
    present: Flags

    @classmethod
    def of(cls, groups: Sequence[Sequence[int]]) -> Self:
        filled = [group or (0,) for group in groups]
        sizes = np.array([len(group) for group in filled], np.intp)
        return cls(
            columns=np.array([column for group in filled for column in group], np.intp),
            starts=np.cumsum(sizes) - sizes,
            present=np.array([bool(group) for group in groups], np.bool_),
        )


def quieted(values: Floats) -> Floats:
    """Make every missing value an ordinary NaN, in place.

    The NaN that stands for a missing value on the wire is a signalling one, which `fmin` and `fmax` do not pass over.
    """
    values[np.isnan(values)] = np.nan
    return values


def taken(values: Floats, places: Indexes) -> Floats:
    """Take rows; `values` themselves where that is all of them in order."""
    if len(places) == len(values) and (places == np.arange(len(places))).all():
        return values
    return values[places]


def sums(values: Floats, starts: Indexes) -> Floats:
    """Add up groups of rows along the first axis; may return `values` themselves."""
    if len(starts) == len(values):  # a row in each
        return values
    missing = np.isnan(values)
    found = np.add.reduceat(np.where(missing, 0.0, values), starts, axis=0)
    found[np.logical_and.reduceat(missing, starts, axis=0)] = np.nan
    return found


def maxima(values: Floats, starts: Indexes) -> Floats:
    """Take the largest of groups of rows along the first axis."""
    return np.fmax.reduceat(values, starts, axis=0)


def ratio(over: Floats, under: Floats) -> Floats:
    """Divide; where the divisor is zero or missing there is no value."""
    found = np.full(over.shape, np.nan)
    np.divide(over, under, out=found, where=under > 0)
    return found


def rates(current: Floats, previous: Floats, seconds: Floats) -> Floats:
    """Turn counters into rates per second.

    A counter that went backwards was reset, and a time that did not pass has no rate: there is no value then.
    """
    grown = current - previous
    found = np.full(grown.shape, np.nan)
    np.divide(grown, seconds, out=found, where=(grown >= 0) & (seconds > 0))
    return found
