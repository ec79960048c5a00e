"""What processes used over a stretch of time, out of the tables of the top ones at each tick.

A process is in a table only while it is among the top, so what is summed up is what it was seen to use: a lower bound,
and close to all of it for whoever is near the top of a list. Ticks without a table count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from math import isnan

import numpy as np

from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.fleet import GAP_INTERVALS
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.domain.tables import StoredTable, Texts
from sysmon_appliance.domain.terms import Floats, Indexes, maxima, quieted, sums

MOST_PROCESSES = 50_000
"""So many are kept in memory; beyond it those furthest from the top are forgotten."""

_LARGEST_PID = 1 << 53

_ENOUGH_TICKS = 8
"""From so many ticks the usual distance between them is known."""


@dataclass(slots=True)
class ProcessUse:
    """What one process was seen to use; pid and start tell it from others. NaN where nothing is known."""

    pid: int
    name: str
    user: str
    command: str
    started_seconds: float  # since 1970
    first_ms: int  # the first and the last tick at which it was in the table
    last_ms: int
    cpu_seconds: float
    cpu_max: float  # share of one core
    memory_max: float  # bytes
    read_bytes: float
    written_bytes: float

    def value(self, by: Ranking) -> float:
        """Return what it is ranked by; what is not known ranks last."""
        match by:
            case Ranking.CPU:
                value = self.cpu_seconds
            case Ranking.MEMORY:
                value = self.memory_max
            case Ranking.IO:
                value = _added(self.read_bytes, self.written_bytes)
        return -1.0 if isnan(value) else value

    def add(self, later: "ProcessUse") -> None:
        """Take in what the same process used later."""
        self.name, self.user, self.command = later.name, later.user, later.command or self.command
        self.last_ms = later.last_ms
        self.cpu_seconds = _added(self.cpu_seconds, later.cpu_seconds)
        self.cpu_max = _larger(self.cpu_max, later.cpu_max)
        self.memory_max = _larger(self.memory_max, later.memory_max)
        self.read_bytes = _added(self.read_bytes, later.read_bytes)
        self.written_bytes = _added(self.written_bytes, later.written_bytes)


def _added(one: float, other: float) -> float:
    if isnan(one):
        return other
    return one if isnan(other) else one + other


def _larger(one: float, other: float) -> float:
    return other if isnan(one) or other > one else one


@dataclass(slots=True)
class UseMeter:
    """Adds up tables of processes of one host, handed over in order of time."""

    interval_ms: int
    by: Ranking
    ticks: int = 0
    _last_ms: int | None = None
    _found: dict[tuple[float, float], ProcessUse] = field(default_factory=dict)

    def add(self, table: StoredTable) -> None:
        """Take in the next ticks."""
        if not len(table.t):
            return
        seconds = np.repeat(self._seconds(table.t), table.counts)
        self.ticks += len(table.t)
        self._last_ms = int(table.t[-1])
        with np.errstate(invalid="ignore", over="ignore"):  # infinities of both signs have no sum
            uses = _uses(table, seconds)
        for use in uses:
            key = use.pid, use.started_seconds
            known = self._found.get(key)
            if known is None:
                self._found[key] = use
            else:
                known.add(use)
        if len(self._found) > MOST_PROCESSES:
            self._found = {(use.pid, use.started_seconds): use for use in self.top(MOST_PROCESSES // 2)}

    def top(self, limit: int) -> Sequence[ProcessUse]:
        """List those that used most, the first first."""
        return nlargest(limit, self._found.values(), key=lambda use: use.value(self.by))

    def _seconds(self, t: Times) -> Floats:
        """Return how much time each tick stands for: what passed since the one before, or as usual after a gap."""
        before = t[0] - self.interval_ms if self._last_ms is None else self._last_ms
        passed = np.diff(t, prepend=before)
        usual = self.interval_ms
        if len(t) >= _ENOUGH_TICKS:
            usual = max(usual, int(np.median(passed)))
        passed[passed > GAP_INTERVALS * usual] = usual
        return passed / 1000


def _uses(table: StoredTable, seconds: Floats) -> Sequence[ProcessUse]:
    """Sum up each process of a table; `seconds` is how much time each row stands for."""
    numbers = {name: _numbers(table, name) for name in ("started", "cpu", "memory", "read", "write")}
    pids = _numbers(table, "pid")
    pids[~((pids >= 0) & (pids <= _LARGEST_PID))] = 0
    order = np.lexsort((numbers["started"], pids))  # rows of a process stay in order of time
    pid, started = pids[order], numbers["started"][order]
    starts = np.flatnonzero(np.concatenate([[True], (pid[1:] != pid[:-1]) | (started[1:] != started[:-1])]))
    first, last = order[starts], order[np.concatenate([starts[1:], [len(order)]]) - 1]
    tick_of_row = np.repeat(table.t, table.counts)
    return [
        ProcessUse(int(pid), *rest)
        for pid, *rest in zip(
            pids[first].tolist(),
            *(_texts(table, name, last) for name in ("name", "user", "command")),
            numbers["started"][first].tolist(),
            tick_of_row[first].tolist(),
            tick_of_row[last].tolist(),
            sums((numbers["cpu"] * seconds)[order], starts).tolist(),
            *(maxima(numbers[name][order], starts).tolist() for name in ("cpu", "memory")),
            *(sums((numbers[name] * seconds)[order], starts).tolist() for name in ("read", "write")),
            strict=True,
        )
    ]


def _numbers(table: StoredTable, name: str) -> Floats:
    column = table.named(name)
    return np.full(table.rows, np.nan) if column is None or isinstance(column, Texts) else quieted(column.copy())


def _texts(table: StoredTable, name: str, rows: Indexes) -> Sequence[str]:
    column = table.named(name)
    return (
        [column.words[code] for code in column.codes[rows].tolist()] if isinstance(column, Texts) else [""] * len(rows)
    )
