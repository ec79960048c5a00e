"""A made year of a fleet, as an aggregator has it that was there all the time.

Hosts are those of the demo. Each one's day is simulated once; every other day is that day, begun at another moment of
it and more or less busy, with counters that go on. Ticks are written straight into sealed segments, which spares the
way through the head. All that follows is done by the product itself under a clock that passes a year: days and months
are merged, and what has expired is removed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sysmon_agent.names import METRICS
from sysmon_agent.names import Kind as MetricKind
from sysmon_agent.wire.messages import Schema, Series, TableRows
from sysmon_appliance.compactor.outputs import Bench, Output, keep_all
from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.demo.fleet import Character, characters
from sysmon_appliance.demo.machine import Machine
from sysmon_appliance.demo.programs import TABLE
from sysmon_appliance.demo.recording import Signals, load
from sysmon_appliance.domain.changes import SaveHost
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level, Segment
from sysmon_appliance.domain.tables import by_hour, stored_tables
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.segments.files import HostEntry
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.expiry import Expiry
from sysmon_appliance.services.remembered import Remembered
from tests.support.clock import ManualClock
from tests.support.head import Directory
from tests.support.live import commit
from tests.support.storekeeping import Store, unhurried

DAYS = 365
_MOST_BUSY = 0.3
"""By so much of its day's work a host does more or less than on the simulated day."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of a year."""

    hosts: int
    interval_ms: int  # a whole part of an hour
    end_ms: int

    @property
    def begin_ms(self) -> int:
        return (self.end_ms // DAY_MS - DAYS) * DAY_MS


class MadeHost:
    """One host; its days are asked for in their order, and once each."""

    def __init__(self, key: int, character: Character, signals: Signals, size: Size) -> None:
        self.host = Host(
            key=key,
            host_id=f"{key:032x}",
            name=character.name,
            interval_ms=size.interval_ms,
            first_seen_ms=size.begin_ms,
            boot_id=f"{key:032x}",
            facts=(("host.arch", "amd64"), ("host.name", character.name), ("os.type", "linux")),
            labels=character.labels,
            tags=character.tags,
            metadata=character.metadata,
        )
        machine = Machine(character, signals, now_ms=size.begin_ms)
        self.schema: Schema = machine.schema
        ticks = [machine.advance(size.interval_ms / 1000) for _ in range(DAY_MS // size.interval_ms)]
        # The kernel counts in hundredths.
        self._day = np.round(np.array([np.frombuffer(columns, "<f8") for columns, _ in ticks]).T, 2)
        self._steps = np.round(np.diff(self._day, prepend=0.0), 2)
        self._rising = np.array([_is_counter(series) for series in self.schema.series])
        self._uptime = np.array([series.metric == "system.uptime" for series in self.schema.series])
        self._whole = (self._day == np.floor(self._day)).all(axis=1)
        self._count = np.zeros(len(self.schema.series))
        self._tables = [rows for _, rows in ticks]
        self._random = np.random.default_rng(key)

    @property
    def first(self) -> Floats:
        """The values of the tick before the first day."""
        return np.where(self._rising[:, None], 0.0, self._day[:, :1])

    def pass_day(self, day: int) -> tuple[Floats, Sequence[TableRows]]:
        """Make the values and the process tables of a day, counted from the first."""
        ticks = self._day.shape[1]
        shift = int(self._random.integers(ticks))
        busy = 1 + _MOST_BUSY * self._random.uniform(-1, 1)
        steps = np.roll(self._steps, -shift, axis=1) * busy
        counted = np.cumsum(np.where(self._whole[:, None], np.floor(steps), np.round(steps, 2)), axis=1)
        values = np.where(
            self._rising[:, None], np.round(self._count[:, None] + counted, 2), np.roll(self._day, -shift, axis=1)
        )
        values[self._uptime] = self._day[self._uptime] + day * (DAY_MS // 1000)
        self._count = np.where(self._rising, values[:, -1], 0.0)
        return values, [*self._tables[shift:], *self._tables[:shift]]

    @property
    def entry(self) -> HostEntry:
        return HostEntry(self.host.key, self.host.host_id, self.host.name)


def _is_counter(series: Series) -> bool:
    return METRICS[series.metric].kind is MetricKind.COUNTER


class MadeYear:
    """The store of an aggregator, filled day by day."""

    def __init__(self, store: Store, clock: ManualClock, size: Size, retention: RetentionSettings) -> None:
        self._store = store
        self._clock = clock
        self._size = size
        self._table_days = retention.tables_days
        signals = load()
        self._hosts = [
            MadeHost(key, character, signals, size) for key, character in enumerate(characters(size.hosts), 1)
        ]
        self._save()
        self._senders = [store.sender(made.host.key, made.schema) for made in self._hosts]
        self._save()  # a sender has given its host another name
        self._expiry = Expiry(
            store.side.keeper,
            store.database.manifest,
            store.side.changes,
            Directory([made.host for made in self._hosts]),
            retention=Remembered(retention, 0),
            barrier=GroupCommit(store.database.writer, clock, gather_milliseconds=1),
            clock=clock,
        )

    def make(self) -> None:
        """Make all days; the last hour stays in the head."""
        self._begin()
        for day in range(DAYS + 1):
            self._make_day(day)
            midnight_ms = self._size.begin_ms + (day + 1) * DAY_MS
            self._clock.advance((min(midnight_ms + 2 * HOUR_MS, self._size.end_ms) - self._clock.wall_ms()) / 1000)
            asyncio.run(self._work())

    def _save(self) -> None:
        assert commit(self._store.database, *(SaveHost(made.host) for made in self._hosts)) is None

    def _begin(self) -> None:
        """Let every host send a tick through the head, whence the catalogue of series knows it."""
        for made, sender in zip(self._hosts, self._senders, strict=True):
            sender.send([self._size.begin_ms - self._size.interval_ms], made.first)
        self._clock.advance(2 * HOUR_MS / 1000)
        self._store.run()
        self._store.remove()

    def _make_day(self, day: int) -> None:
        start_ms = self._size.begin_ms + day * DAY_MS
        t = np.arange(start_ms, min(start_ms + DAY_MS, self._size.end_ms), self._size.interval_ms, dtype=np.int64)
        bench = Bench(self._store.place, self._store.shelf, self._clock, unhurried(), lambda _: None)
        self._store.place.drafts.mkdir(parents=True, exist_ok=True)
        ticks, tables = (Output(bench, kind, Level.SEALED) for kind in (Kind.RAW, Kind.TABLES))
        for made, sender in zip(self._hosts, self._senders, strict=True):
            values, rows = made.pass_day(day)
            sealed = int(np.searchsorted(t, self._size.end_ms - HOUR_MS))
            self._write(ticks, made, t[:sealed], values)
            if day > DAYS - self._table_days:
                self._write_tables(tables, made, t[:sealed], rows)
            for place in range(sealed, len(t)):
                sender.send([int(t[place])], values[:, place : place + 1], tables=[rows[place]])
        asyncio.run(self._add(keep_all([ticks, tables])))

    def _write(self, output: Output, made: MadeHost, t: Times, values: Floats) -> None:
        if len(t):
            output.host(made.entry).add_ticks(made.host.key, made.schema, t, np.ascontiguousarray(values[:, : len(t)]))

    def _write_tables(self, output: Output, made: MadeHost, t: Times, rows: Sequence[TableRows]) -> None:
        pieces = [(TABLE, t[place : place + 1], one) for place, one in enumerate(rows[: len(t)])]
        for table in stored_tables(pieces):
            for hour in by_hour(table):
                output.host(made.entry).add_table(made.host.key, hour)

    async def _add(self, segments: Sequence[Segment]) -> None:
        if segments:
            await self._store.side.changes.swap(segments)

    async def _work(self) -> None:
        while await self._store.side.keeper.step():
            pass
        while await self._expiry.step():
            pass


def make_year(folder: Path, size: Size) -> None:
    """Fill the folder of an aggregator that has never run."""
    clock = ManualClock(wall_ms=size.begin_ms)
    retention = RetentionSettings()
    with Store.opened(folder, clock, raw_days=retention.raw_days) as store:
        MadeYear(store, clock, size, retention).make()
