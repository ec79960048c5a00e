"""Applies plans to what is stored of one host, piece by piece.

The tick before is remembered, so that counters become rates across the borders of batches, of rows and of schemas, and
from ticks to rollups and back.
"""

from dataclasses import dataclass, field
from typing import Generic

import numpy as np

from sysmon_appliance.domain.downsample import Points, Times
from sysmon_appliance.domain.fleet import GAP_INTERVALS, Tick
from sysmon_appliance.domain.history import L, LinePlan, Lines, Plans
from sysmon_appliance.domain.rollup_lines import Before, rollup_points, usual_distance
from sysmon_appliance.domain.rollup_stream import RollupChunk
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Floats, Indexes, rates, taken
from sysmon_appliance.domain.tick_stream import TickChunk

_ENOUGH_TICKS = 8
"""From so many ticks the usual distance between them is known."""


@dataclass(slots=True)
class LineReader(Generic[L]):
    """Turns ticks and rollups of one host, handed over in order, into lines."""

    plans: Plans[L]
    interval_ms: int
    _before: Before | None = None
    _schema: KnownSchema | None = None  # of `_before`
    _known: dict[int, LinePlan[L]] = field(default_factory=dict)

    @property
    def before_ms(self) -> int | None:
        """The time of the last tick so far."""
        return self._before.wall_ms if self._before else None

    def begin(self, tick: Tick) -> None:
        """Take up where a tick was the last."""
        self._keep(tick.schema, tick.wall_ms, tick.values[self.needed(tick.schema)])

    def needed(self, schema: KnownSchema) -> Indexes:
        """Return which columns of a schema the plans need."""
        return self._plan(schema).needed

    def read_chunk(self, chunk: TickChunk | RollupChunk) -> Lines[L]:
        if isinstance(chunk, TickChunk):
            return self.read(chunk.schema, chunk.t, chunk.values)
        return self.read_rollups(chunk)

    def read(self, schema: KnownSchema, t: Times, values: Floats) -> Lines[L]:
        """Compute the lines of some ticks of one schema.

        `t` is strictly rising and at least one; `values` is float64 [needed, ticks].
        """
        plan = self._plan(schema)
        first_ms = self._before.wall_ms if self._before else int(t[0])
        passed = np.diff(t, prepend=first_ms)
        breaks = passed > GAP_INTERVALS * self._usual(passed)
        chosen = taken(values, plan.columns)
        if plan.rated.any():
            chosen = chosen.copy() if chosen is values else chosen
            rated = plan.columns[plan.rated]
            seconds = np.where(breaks, np.nan, passed / 1000)
            previous = np.concatenate([self._carried(schema)[rated], values[rated, :-1]], axis=1)
            chosen[plan.rated] = rates(values[rated], previous, seconds[np.newaxis])
        self._keep(schema, int(t[-1]), values[:, -1].copy())
        return Lines(plan.labels, Points(t, plan.combined(chosen), breaks))

    def read_rollups(self, chunk: RollupChunk) -> Lines[L]:
        """Compute the lines of some rollups; statistics are those of the needed columns."""
        plan = self._plan(chunk.schema)
        before = None
        if self._before is not None:
            before = Before(self._before.wall_ms, self._carried(chunk.schema)[:, 0])
        usual_ms = max(self.interval_ms, usual_distance(chunk))
        points = rollup_points(plan, chunk, before, reach_ms=GAP_INTERVALS * usual_ms)
        self._keep(chunk.schema, int(chunk.last_ms[-1]), chunk.stats.last[:, -1].copy())
        return Lines(plan.labels, points)

    def _plan(self, schema: KnownSchema) -> LinePlan[L]:
        plan = self._known.get(schema.key)
        if plan is None:
            plan = self._known[schema.key] = self.plans(schema)
        return plan

    def _keep(self, schema: KnownSchema, wall_ms: int, values: Floats) -> None:
        self._before, self._schema = Before(wall_ms, values), schema

    def _usual(self, passed: Times) -> int:
        """Return the distance between ticks; what it is now may not be what it was when these were collected."""
        if len(passed) < _ENOUGH_TICKS:
            return self.interval_ms
        return max(self.interval_ms, int(np.median(passed)))

    def _carried(self, schema: KnownSchema) -> Floats:
        """Return the tick before as a column of what is needed of a schema; NaN where there was no such series."""
        needed = self.needed(schema)
        if self._before is None or self._schema is None:
            return np.full((len(needed), 1), np.nan)
        if self._schema.key == schema.key:
            return self._before.values[:, np.newaxis]
        names = [self._schema.schema.series[column] for column in self.needed(self._schema).tolist()]
        old = dict(zip(names, self._before.values.tolist(), strict=True))
        return np.array([[old.get(schema.schema.series[column], np.nan)] for column in needed.tolist()]).reshape(-1, 1)
