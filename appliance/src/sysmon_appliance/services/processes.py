"""Answers who did it: the processes of a host at a moment, and those that used most over a while.

Everything here blocks: call it in a thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sysmon_agent.names import PROCESS_TABLE
from sysmon_appliance.domain.batches import HeadReader
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.processes import ProcessUse, UseMeter
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.ticks import TickReader
from sysmon_appliance.services.rereading import without_damaged
from sysmon_appliance.services.table_hours import TableHours

_REACH_MS = (60_000, 3_600_000, 86_400_000)
"""How far back the newest table is sought, in steps."""


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """One tick's rows of a table; `at_ms` is None when there is none."""

    at_ms: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]


@dataclass(frozen=True, slots=True)
class TopQuery:
    """Which processes used most in from_ms..to_ms, both included."""

    from_ms: int
    to_ms: int
    by: Ranking
    limit: int


@dataclass(frozen=True, slots=True)
class TopAnswer:
    """The processes that used most, the first first, and how many ticks had a table."""

    ticks: int
    processes: Sequence[ProcessUse]


class ProcessHistory:
    """Reads the process tables of hosts, and keeps none."""

    def __init__(self, head: HeadReader, segments: TickReader) -> None:
        self._tables = TableHours(head, segments, PROCESS_TABLE)

    def at(self, host: Host, at_ms: int) -> TableAnswer:
        """Return the newest process table at or before a time, no further back than a day."""
        for reach_ms in _REACH_MS:
            found = without_damaged(partial(self._newest, host, at_ms - reach_ms, at_ms))
            if found is not None:
                return found
        return TableAnswer(None, (), ())

    def top(self, host: Host, query: TopQuery) -> TopAnswer:
        """Sum up what each process was seen to use."""
        return without_damaged(partial(self._top, host, query))

    def _newest(self, host: Host, from_ms: int, to_ms: int) -> TableAnswer | None:
        with self._tables.between(host.key, from_ms, to_ms, newest_first=True) as tables:
            table = next(tables, None)
            return None if table is None else _last_tick(table)

    def _top(self, host: Host, query: TopQuery) -> TopAnswer:
        meter = UseMeter(host.interval_ms, query.by)
        with self._tables.between(host.key, query.from_ms, query.to_ms) as tables:
            for table in tables:
                meter.add(table)
        return TopAnswer(meter.ticks, meter.top(query.limit))


def _last_tick(table: StoredTable) -> TableAnswer:
    last = table.part(len(table.t) - 1, len(table.t))
    columns = [column.tolist() for column in last.columns]
    names = tuple(column.name for column in table.schema.columns)
    return TableAnswer(int(last.t[0]), names, tuple(zip(*columns, strict=True)))
