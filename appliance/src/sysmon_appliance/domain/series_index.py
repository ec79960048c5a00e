"""An index of distinct series that answers matchers.

Series are numbered as they appear. Each key, the metric's name being one, has a column: the numbers of the series that
have it, and for each the number of its value. A matcher is asked once per distinct value, and its answers are then
spread over the column by NumPy. Columns only grow, so a view of them stays good in another thread while more series
come in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.matchers import NAME_KEY, Matcher

Numbers = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_FIRST_ROOM = 8
_MOST_WAITING = 256


class GrowingNumbers:
    """Numbers that are only ever added to."""

    __slots__ = ("_array", "_length", "_waiting")

    def __init__(self) -> None:
        self._array: Numbers = np.empty(_FIRST_ROOM, np.int32)
        self._length = 0
        self._waiting: list[int] = []  # not in the array yet: adding one by one to an array is slow

    def append(self, number: int) -> None:
        self._waiting.append(number)
        if len(self._waiting) == _MOST_WAITING:
            self._gather()

    def view(self) -> Numbers:
        """Return what is there now, without a copy."""
        if self._waiting:
            self._gather()
        return self._array[: self._length]

    def _gather(self) -> None:
        end = self._length + len(self._waiting)
        if end > len(self._array):
            # A new array: views of the old one stay as they are.
            larger = np.empty(max(end, 2 * self._length), np.int32)
            larger[: self._length] = self._array[: self._length]
            self._array = larger
        self._array[self._length : end] = self._waiting
        self._length = end
        self._waiting = []


class _Column:
    """The series that have a key, and their values."""

    __slots__ = ("codes", "names", "rows", "values")

    def __init__(self) -> None:
        self.names: dict[str, int] = {}  # number of each value
        self.values: list[str] = []  # in order of number
        self.rows = GrowingNumbers()  # numbers of series
        self.codes = GrowingNumbers()  # numbers of their values

    def append(self, row: int, value: str) -> None:
        code = self.names.get(value)
        if code is None:
            code = self.names[value] = len(self.values)
            self.values.append(value)
        self.rows.append(row)
        self.codes.append(code)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column as it was at one moment; `rows` and `codes` are int32 [series that have the key]."""

    names: Mapping[str, int]  # may have grown since
    values: Sequence[str]  # may have grown since
    rows: Numbers
    codes: Numbers

    @property
    def distinct(self) -> int:
        """How many values the series of this view have."""
        return int(self.codes.max()) + 1 if len(self.codes) else 0

    def accepted(self, matcher: Matcher) -> Mask:
        """Tell of each series in `rows` whether a matcher accepts its value."""
        if matcher.pattern is not None:
            return matcher.accepted(self.values[: self.distinct])[self.codes]
        code = np.int32(self.names.get(matcher.value, -1))
        found: Mask = np.equal(self.codes, code)
        return ~found if matcher.operator.negated else found


@dataclass(frozen=True, slots=True)
class IndexView:
    """The index as it was at one moment; for any thread."""

    series: Sequence[Series]  # by number; may have grown since
    count: int
    columns: Mapping[str, ColumnView]

    def mask(self, matcher: Matcher, *, missing: bool) -> Mask:
        """Tell of each series whether a matcher accepts it; `missing` is the answer for one that has not the key."""
        mask = np.full(self.count, missing)
        column = self.columns.get(matcher.key)
        if column is not None:
            mask[column.rows] = column.accepted(matcher)
        return mask


class SeriesIndex:
    """Distinct series by number, as they appeared. Belongs to one thread; its views to any."""

    def __init__(self) -> None:
        self._numbers: dict[Series, int] = {}
        self._series: list[Series] = []
        self._columns: defaultdict[str, _Column] = defaultdict(_Column)

    def __len__(self) -> int:
        return len(self._series)

    def add(self, series: Iterable[Series]) -> Numbers:
        """Return the number of each series; one that is new gets the next."""
        return np.fromiter(map(self._number, series), np.int32)

    def find(self, series: Iterable[Series]) -> Numbers:
        """Return the number of each series that is there already."""
        found = (self._numbers.get(one) for one in series)
        return np.fromiter((number for number in found if number is not None), np.int32)

    def view(self) -> IndexView:
        columns = {
            key: ColumnView(column.names, column.values, column.rows.view(), column.codes.view())
            for key, column in self._columns.items()
        }
        return IndexView(self._series, len(self._series), columns)

    def _number(self, series: Series) -> int:
        number = self._numbers.get(series)
        if number is None:
            number = self._numbers[series] = len(self._series)
            self._series.append(series)
            self._describe(number, series)
        return number

    def _describe(self, number: int, series: Series) -> None:
        self._columns[NAME_KEY].append(number, series.metric)
        for key, value in series.attributes:
            self._columns[key].append(number, value)
