"""Lines of a chart out of stored ticks: sums, shares and rates per second over the series of a host.

A LinePlan says, for one schema, which columns make up each line. A LineReader applies plans to consecutive ticks and
remembers the tick before, so that counters become rates across the borders of batches, of chunks and of schemas.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

import numpy as np

from sysmon_appliance.domain.downsample import Points, Times
from sysmon_appliance.domain.fleet import GAP_INTERVALS, Tick
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Flags, Floats, Indexes, Terms, rates, ratio, sums

L = TypeVar("L", bound=Hashable)
"""What a line is known by."""

_ENOUGH_TICKS = 8
"""From so many ticks the usual distance between them is known."""


@dataclass(frozen=True, slots=True)
class Line(Generic[L]):
    """The sum of some columns, as rates when `rated`; as a share of the sum of others when `under` names any."""

    label: L
    over: Sequence[int]
    under: Sequence[int] = ()
    rated: bool = False


@dataclass(frozen=True, slots=True)
class LinePlan(Generic[L]):
    """The lines of one schema, ready for arithmetic; terms count positions within `columns`."""

    labels: tuple[L, ...]
    columns: Indexes
    rated: Flags
    over: Terms
    under: Terms

    @classmethod
    def of(cls, lines: Sequence[Line[L]]) -> Self:
        places: dict[tuple[int, bool], int] = {}

        def positions(line: Line[L], columns: Sequence[int]) -> list[int]:
            return [places.setdefault((column, line.rated), len(places)) for column in columns]

        over = [positions(line, line.over) for line in lines]
        under = [positions(line, line.under) for line in lines]
        return cls(
            labels=tuple(line.label for line in lines),
            columns=np.array([column for column, _ in places], np.intp),
            rated=np.array([rated for _, rated in places], np.bool_),
            over=Terms.of(over),
            under=Terms.of(under),
        )


Plans = Callable[[KnownSchema], LinePlan[L]]


@dataclass(frozen=True, slots=True)
class Lines(Generic[L]):
    """Points with the labels of their lines."""

    labels: tuple[L, ...]
    points: Points


@dataclass(slots=True)
class LineReader(Generic[L]):
    """Turns ticks of one host, handed over in order, into lines."""

    plans: Plans[L]
    interval_ms: int
    before: Tick | None = None
    _known: dict[int, LinePlan[L]] = field(default_factory=dict)

    def read(self, schema: KnownSchema, t: Times, values: Floats) -> Lines[L]:
        """Compute the lines of some ticks of one schema.

        `t` is strictly rising and at least one; `values` is float64 [series, ticks].
        """
        plan = self._plan(schema)
        first_ms = self.before.wall_ms if self.before else int(t[0])
        passed = np.diff(t, prepend=first_ms)
        breaks = passed > GAP_INTERVALS * self._usual(passed)
        chosen = values[plan.columns]
        if plan.rated.any():
            seconds = np.where(breaks, np.nan, passed / 1000)
            previous = np.concatenate([self._carried(schema, values)[plan.columns], chosen[:, :-1]], axis=1)
            chosen[plan.rated] = rates(chosen[plan.rated], previous[plan.rated], seconds[np.newaxis])
        self.before = Tick(schema, int(t[-1]), values[:, -1].copy())
        return Lines(plan.labels, Points(t, _combined(plan, chosen), breaks))

    def _plan(self, schema: KnownSchema) -> LinePlan[L]:
        plan = self._known.get(schema.key)
        if plan is None:
            plan = self._known[schema.key] = self.plans(schema)
        return plan

    def _usual(self, passed: Times) -> int:
        """Return the distance between ticks; what it is now may not be what it was when these were collected."""
        if len(passed) < _ENOUGH_TICKS:
            return self.interval_ms
        return max(self.interval_ms, int(np.median(passed)))

    def _carried(self, schema: KnownSchema, values: Floats) -> Floats:
        """Return the tick before as a column of this schema; NaN where there was no such series."""
        if self.before is None:
            return np.full((len(values), 1), np.nan)
        if self.before.schema.key == schema.key:
            return self.before.values[:, np.newaxis]
        old = dict(zip(self.before.schema.schema.series, self.before.values.tolist(), strict=True))
        return np.array([[old.get(series, np.nan)] for series in schema.schema.series])


def _combined(plan: LinePlan[L], chosen: Floats) -> Floats:
    if not plan.labels:
        return np.empty((0, chosen.shape[1]))
    over = sums(chosen[plan.over.columns], plan.over.starts)
    if not plan.under.present.any():
        return over
    under = sums(chosen[plan.under.columns], plan.under.starts)
    return np.where(plan.under.present[:, np.newaxis], ratio(over, under), over)
