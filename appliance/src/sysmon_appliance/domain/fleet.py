"""The fleet matrix: what every host shows now, and its last ten minutes, in memory.

It answers the fleet page without touching disk. Ingest calls `update` after each group commit, so the cost of a batch
must be a few microseconds: batches are computed together, whatever their schemas, once enough of them wait or someone
reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.canonical import NAMES, POSITION
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.projection import Projection, Transition, canonical, project
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Floats, Indexes, rates

SPARKS: tuple[str, ...] = ("cpu", "memory", "net_receive", "net_transmit")
SPARK_SLOTS = 60
SPARK_SECONDS = 10
_SLOT_MS = SPARK_SECONDS * 1000
_SPARK_COLUMNS = np.array([POSITION[name] for name in SPARKS])

GAP_INTERVALS = 3
"""No tick for more than this many intervals is a gap: no rate is computed across it, no line drawn."""

_AHEAD_MS = 60_000
"""A tick further ahead of the aggregator's clock than this is history's business: nothing newer could replace it."""

_INITIAL_HOSTS = 64

_TOGETHER = 64
"""Batches that are computed at once when nobody asks earlier; the arithmetic costs the same for one as for ten."""

_Place = tuple[int, int, bool]
"""Where computed values go: row, wall_ms of the tick, whether it is the host's newest."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of a host under its schema; `values` is float64 [series]."""

    schema: KnownSchema
    wall_ms: int
    values: Floats


@dataclass(frozen=True, slots=True)
class Latest:
    """A host's newest tick, and the one before it where rates can be computed between the two."""

    tick: Tick
    gathered: Floats  # what the canonical metrics need of it
    previous: Tick | None = None

    def rates(self) -> Floats:
        """Compute each series' growth per second between the two ticks; of use for counters only."""
        if self.previous is None:
            return np.full_like(self.tick.values, np.nan)
        seconds = np.array((self.tick.wall_ms - self.previous.wall_ms) / 1000)
        return rates(self.tick.values, self.previous.values, seconds)


@dataclass(frozen=True, slots=True)
class _Work:
    """What one pass over waiting batches computes."""

    places: list[_Place] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    late: dict[int, Latest] = field(default_factory=dict)
    """By row, the tick before in a past that is filled in after something newer has arrived: one tick a batch."""


class FleetMatrix:
    """Rows are hosts in order of their first batch since start; columns are the canonical metrics.

    Not safe in threads: the event loop updates it and reads it.
    """

    def __init__(self, directory: HostDirectory) -> None:
        self._directory = directory
        self._rows: dict[int, int] = {}
        self._projections: dict[int, Projection] = {}
        self._latest: list[Latest | None] = []
        self._received: list[int] = []
        self._waiting: list[StoredBatch] = []
        self._values = np.full((_INITIAL_HOSTS, len(NAMES)), np.nan)
        self._ring = np.full((_INITIAL_HOSTS, SPARK_SLOTS, len(SPARKS)), np.nan)
        self._ring_slot = np.full((_INITIAL_HOSTS, SPARK_SLOTS), -1, np.int64)

    @property
    def values(self) -> Floats:
        """Canonical values, float64 [rows, metrics]."""
        self._settle()
        return self._values[: len(self._rows)]

    def received_ms(self, host: int) -> int | None:
        """Return when a host's newest batch arrived, on the aggregator's clock; None when nothing has."""
        row = self._rows.get(host)
        return None if row is None else self._received[row]

    def row(self, host: int) -> int | None:
        """Return the row of a host, or None when nothing of it has arrived."""
        return self._rows.get(host)

    def latest(self, host: int) -> Latest | None:
        self._settle()
        row = self._rows.get(host)
        return None if row is None else self._latest[row]

    def update(self, batches: Sequence[StoredBatch]) -> None:
        """Take in committed batches; a CommitListener."""
        for batch in batches:
            row = self._row_for(batch.host)
            self._received[row] = max(self._received[row], batch.received_ms)
            if batch.values.size:
                self._waiting.append(batch)
        if len(self._waiting) >= _TOGETHER:
            self._settle()

    def sparks(self, rows: Indexes, *, now_ms: int, intervals_ms: npt.NDArray[np.int64]) -> Floats:
        """Read the last ten minutes of the given rows, oldest first: float64 [rows, sparks, slots].

        A slot without a tick repeats the one before it for as long as that is no gap, because ticks that come every
        ten seconds may well skip a slot.
        """
        self._settle()
        slots = np.arange(-SPARK_SLOTS + 1, 1) + now_ms // _SLOT_MS
        places = slots % SPARK_SLOTS
        filled = self._ring_slot[rows][:, places] == slots
        positions = np.arange(SPARK_SLOTS)
        source = np.maximum.accumulate(np.where(filled, positions, -1), axis=1)
        reach = -(-GAP_INTERVALS * intervals_ms[:, np.newaxis] // _SLOT_MS)
        usable = (source >= 0) & (positions - source <= reach)
        found = np.take_along_axis(self._ring[rows][:, places], source[:, :, np.newaxis], axis=1)
        return np.where(usable[:, :, np.newaxis], found, np.nan).transpose(0, 2, 1)

    def _row_for(self, host: int) -> int:
        row = self._rows.get(host)
        if row is None:
            self._directory.by_key(host)  # a batch of an unknown host is refused here, not when someone reads
            row = self._rows[host] = len(self._rows)
            self._latest.append(None)
            self._received.append(0)
            if row == len(self._values):
                self._grow()
        return row

    def _grow(self) -> None:
        more = len(self._values)
        self._values = np.pad(self._values, ((0, more), (0, 0)), constant_values=np.nan)
        self._ring = np.pad(self._ring, ((0, more), (0, 0), (0, 0)), constant_values=np.nan)
        self._ring_slot = np.pad(self._ring_slot, ((0, more), (0, 0)), constant_values=-1)

    def _settle(self) -> None:
        """Compute what waits."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        work = _Work()
        for batch in waiting:
            self._advance(self._rows[batch.host], batch, work)
        if work.transitions:
            self._write(np.array(work.places, np.int64), canonical(work.transitions))

    def _advance(self, row: int, batch: StoredBatch, work: _Work) -> None:
        """Add a batch's ticks that are worth showing, oldest first."""
        projection = self._projection(batch.schema)
        reach_ms = GAP_INTERVALS * self._directory.by_key(batch.host).interval_ms
        for tick, before in _worth_showing(batch):
            if tick.wall_ms > batch.received_ms + _AHEAD_MS:
                continue
            latest = self._latest[row]
            gathered = tick.values.take(projection.terms.columns)
            newest = latest is None or tick.wall_ms > latest.tick.wall_ms
            known = _as_latest(before, projection) if before else latest if newest else work.late.get(row)
            if known is not None and not _follows(tick, known.tick, reach_ms):
                known = None
            fresh = Latest(tick, gathered, known.tick if known else None)
            work.places.append((row, tick.wall_ms, newest))
            work.transitions.append(_transition(projection, fresh, known))
            if newest:
                self._latest[row] = fresh
            else:
                work.late[row] = fresh

    def _projection(self, schema: KnownSchema) -> Projection:
        found = self._projections.get(schema.key)
        if found is None:
            found = self._projections[schema.key] = project(schema)
        return found

    def _write(self, places: npt.NDArray[np.int64], values: Floats) -> None:
        """Store computed values; of several for one place the last one stays."""
        rows, walls, newest = places[:, 0], places[:, 1], places[:, 2].astype(np.bool_)
        self._values[rows[newest]] = values[newest]
        slots = walls // _SLOT_MS
        kept = newest | (slots > self._ring_slot[rows, slots % SPARK_SLOTS])
        rows, slots = rows[kept], slots[kept]
        self._ring[rows, slots % SPARK_SLOTS] = values[kept][:, _SPARK_COLUMNS]
        self._ring_slot[rows, slots % SPARK_SLOTS] = slots


def _worth_showing(batch: StoredBatch) -> Sequence[tuple[Tick, Tick | None]]:
    """List the last tick of each slot of the ring, each with the tick before it in the batch."""
    last = len(batch.wall_ms) - 1
    if last == 0:  # nearly always, and in a hurry
        return ((_tick(batch, 0), None),)
    slots = batch.wall_ms // _SLOT_MS
    shown = np.flatnonzero(slots[1:] != slots[:-1])[-SPARK_SLOTS + 1 :].tolist()
    return [(_tick(batch, n), _tick(batch, n - 1) if n else None) for n in (*shown, last)]


def _tick(batch: StoredBatch, number: int) -> Tick:
    # A batch of several ticks is not kept alive for one of them.
    values = batch.values[:, number]
    return Tick(batch.schema, int(batch.wall_ms[number]), values if len(batch.wall_ms) == 1 else values.copy())


def _as_latest(tick: Tick, projection: Projection) -> Latest:
    return Latest(tick, tick.values.take(projection.terms.columns))


def _follows(tick: Tick, before: Tick, reach_ms: int) -> bool:
    """Tell whether rates can be computed between two ticks: not across a gap or a change of schema."""
    return tick.schema.key == before.schema.key and 0 < tick.wall_ms - before.wall_ms <= reach_ms


def _transition(projection: Projection, fresh: Latest, known: Latest | None) -> Transition:
    if known is None:
        return Transition(projection, fresh.gathered)
    seconds = (fresh.tick.wall_ms - known.tick.wall_ms) / 1000
    return Transition(projection, fresh.gathered, known.gathered, seconds)
