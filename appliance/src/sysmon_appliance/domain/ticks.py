"""Stored ticks and rollups of one host, of which a reader decodes only the series that it needs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.terms import Flags, Floats, Indexes


@dataclass(frozen=True, slots=True)
class StoredTicks:
    """Ticks of one host under one list of series.

    `t` is int64 [ticks], strictly rising. `read` decodes some series, by their place in the schema, as float64
    [chosen, ticks]; a missing value is NaN. `gaps` are stretches without ticks between or directly before these, with
    the reason that the agent gave. Of two ticks at one time the one that arrived first counts: that with the lesser
    `arrival`.
    """

    host: int  # Host.key
    schema: KnownSchema
    t: Times
    read: Callable[[Indexes], Floats]
    gaps: tuple[TimeGap, ...] = ()
    arrival: int = 0

    def all(self) -> Floats:
        """Decode every series: float64 [series, ticks]."""
        return self.read(np.arange(len(self.schema.schema.series)))


Place = Indexes | slice
"""Where along one axis; slice(None) is everywhere."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of some series in each bucket; every array is float64 [chosen, buckets], NaN where nothing is."""

    minimum: Floats
    maximum: Floats
    total: Floats
    count: Floats
    last: Floats

    @classmethod
    def joined(cls, parts: Sequence["Stats"]) -> Self:
        """Lay the buckets of several end to end."""
        each = zip(*(part.arrays for part in parts), strict=True)
        return cls(*(np.concatenate(arrays, axis=1) for arrays in each))

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """All five, in the order of the fields."""
        return self.minimum, self.maximum, self.total, self.count, self.last

    def of_series(self, places: Indexes) -> "Stats":
        return Stats(*(array[places] for array in self.arrays))

    def of_buckets(self, kept: Flags) -> "Stats":
        return Stats(*(array[:, kept] for array in self.arrays))

    def laid_out(self, shape: tuple[int, int], where: tuple[Place, Place]) -> "Stats":
        """Lay the statistics out in arrays of a larger shape, [series, buckets]; what they do not fill is empty."""

        def wide(values: Floats, empty: float) -> Floats:
            found = np.full(shape, empty)
            found[where] = values
            return found

        return Stats(
            minimum=wide(self.minimum, np.nan),
            maximum=wide(self.maximum, np.nan),
            total=wide(self.total, np.nan),
            count=wide(self.count, 0.0),
            last=wide(self.last, np.nan),
        )


@dataclass(frozen=True, slots=True)
class StoredRollups:
    """Rollups of one host under one list of series.

    `t` is int64 [buckets], the start of each bucket, strictly rising; buckets without any tick are left out. `last_ms`
    is int64 [buckets], the time of each bucket's last tick. `read` decodes the statistics of some series.
    """

    host: int
    schema: KnownSchema
    kind: Kind  # MINUTE or HOUR
    t: Times
    last_ms: Times
    read: Callable[[Indexes], Stats]
    gaps: tuple[TimeGap, ...] = ()


class StoredRow(Protocol):
    """One row of a segment, of which nothing but its place is read yet."""

    @property
    def start_ms(self) -> int:
        """Time of the earliest tick, or start of the first bucket."""

    @property
    def end_ms(self) -> int:
        """Time of the latest tick."""

    @property
    def arrival(self) -> int:
        """Of two ticks of one time, that of the row with the smaller number counts."""

    def ticks(self) -> StoredTicks:
        """Read the times of a row of ticks; its values are read when they are asked for."""

    def rollups(self) -> StoredRollups:
        """Read the times of a row of rollups; its statistics are read when they are asked for."""

    def table(self) -> StoredTable:
        """Read a row of a table; which of the host's tables it is of, its schema says."""


class HostSegments(Protocol):
    """What segments hold of one host in a stretch of time, as of one moment; for one thread.

    Segments that are merged or dropped meanwhile change nothing. Rows may overlap, and two may hold a tick or a bucket
    of the same time: what came late lies in rows of its own until it is merged.
    """

    def rows(self, kind: Kind, *, merged: bool) -> Sequence[StoredRow]:
        """List rows by their start: either those that were merged, or those that are as they left the head.

        Merged ticks are in rollups, too, as far as those are kept; others are not yet.
        """

    def days(self, kind: Kind) -> frozenset[int]:
        """Return the days of the stretch that merged segments of a kind are about, of this host or of others.

        Days are counted since 1970.
        """

    def torn(self, kind: Kind) -> frozenset[int]:
        """Return the days of the stretch of which something of a kind cannot be read, perhaps of this host."""


class TickReader(Protocol):
    """Reads what segments hold; safe in any thread, and never in the way of writing.

    A segment that turns out damaged while its rows are read raises SegmentDamagedError and is set aside. Whoever reads
    begins anew then: from that moment on it is left out.
    """

    def of_host(self, host: int, from_ms: int, to_ms: int) -> AbstractContextManager[HostSegments]:
        """Look at the segments that may hold a host's ticks in from_ms..to_ms, both included."""
