"""Stored ticks and rollups of one host, of which a reader decodes only the series that it needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.terms import Floats, Indexes


@dataclass(frozen=True, slots=True)
class StoredTicks:
    """Ticks of one host under one list of series.

    `t` is int64 [ticks], strictly rising. `read` decodes some series, by their place in the schema, as float64
    [chosen, ticks]; a missing value is NaN. `gaps` are stretches without ticks between or directly before these, with
    the reason that the agent gave.
    """

    host: int  # Host.key
    schema: KnownSchema
    t: Times
    read: Callable[[Indexes], Floats]
    gaps: tuple[TimeGap, ...] = ()

    def all(self) -> Floats:
        """Decode every series: float64 [series, ticks]."""
        return self.read(np.arange(len(self.schema.schema.series)))


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of some series in each bucket; every array is float64 [chosen, buckets], NaN where nothing is."""

    minimum: Floats
    maximum: Floats
    total: Floats
    count: Floats
    last: Floats


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


class TickReader(Protocol):
    """Reads what segments hold of one host; safe in any thread, and never in the way of writing.

    Rows come in order of their earliest tick. They may overlap, and two may hold a tick or a bucket of the same time:
    what came late lies in rows of its own until it is merged. Damaged segments are left out, and are set aside.
    """

    def ticks(self, host: int, from_ms: int, to_ms: int) -> Iterator[StoredTicks]:
        """Yield rows with a tick in from_ms..to_ms, both included."""

    def rollups(self, host: int, kind: Kind, from_ms: int, to_ms: int) -> Iterator[StoredRollups]:
        """Yield rows with a bucket that begins in from_ms..to_ms."""
