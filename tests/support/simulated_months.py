"""Weeks of a small fleet in some seconds: everything real but the clock and the hosts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.config import AggregatorSettings, RetentionSettings, SegmentSettings
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind
from sysmon_appliance.domain.storekeeping import Disk
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.expiry import Expiry
from sysmon_appliance.services.remembered import Remembered
from sysmon_appliance.services.storage import Kept, Storage
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.clock import ManualClock
from tests.support.head import Directory, host, series
from tests.support.storekeeping import Sender, Store, every

BEGIN_MS = 20_746 * DAY_MS
"""2026-10-20, so that a month ends soon."""


@dataclass
class Months:
    """A store whose days pass at will."""

    store: Store
    clock: ManualClock
    retention: RetentionSettings
    senders: list[Sender]
    step_ms: int
    seal_hours: int
    now_ms: int = BEGIN_MS
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def __post_init__(self) -> None:
        directory = Directory([host(sender.key) for sender in self.senders])
        remembered = Remembered(self.retention, 0)
        database, store = self.store.database, self.store
        barrier = GroupCommit(database.writer, self.clock, gather_milliseconds=1)
        self._expiry = Expiry(
            store.side.keeper,
            database.manifest,
            store.side.changes,
            directory,
            retention=remembered,
            barrier=barrier,
            clock=self.clock,
        )
        self.storage = Storage(
            Kept(
                database.manifest,
                store.shelf.has_local,
                database.contents,
                lambda: Disk("", 1 << 40, 1 << 40),
                lambda: None,
            ),
            store.side.keeper,
            directory,
            barrier=barrier,
            clock=self.clock,
            retention=remembered,
            settings=SegmentSettings(seal_after_seconds=self.seal_hours * 3600),
        )

    @classmethod
    @contextmanager
    def begun(
        cls,
        folder: Path,
        retention: RetentionSettings,
        *,
        hosts: int = 2,
        width: int = 20,
        step_ms: int = 30_000,
        seal_hours: int = 4,
    ) -> Iterator[Self]:
        """Begin with an empty store, some hosts and so many series of each."""
        clock = ManualClock(wall_ms=BEGIN_MS)
        segments = SegmentSettings(seal_after_seconds=seal_hours * 3600)
        chosen = AggregatorSettings(retention=retention, segments=segments)
        with LiveDatabase.open(folder / "live", clock) as database:
            store = Store(folder, database, clock, chosen)
            schema = Schema(tuple(series("system.network.io", device=f"dev{number}") for number in range(width)))
            senders = [store.sender(key, schema) for key in range(1, hosts + 1)]
            yield cls(store, clock, retention, senders, step_ms, seal_hours)

    def pass_days(self, days: int) -> None:
        """Let days pass, in which hosts send, and what is due is done."""
        for _ in range(days * 24 // self.seal_hours):
            for sender in self.senders:
                times = every(self.now_ms, self.seal_hours * HOUR_MS // self.step_ms, self.step_ms)
                sender.send(times, self._values(len(sender.schema.schema.series), len(times)))
            self.now_ms += self.seal_hours * HOUR_MS
            self.clock.advance(self.seal_hours * 3600)
            asyncio.run(self._work())

    def weighed(self) -> dict[Kind, int]:
        """What each kind takes on disk, by the sizes of its files."""
        return {
            kind: sum(self.store.shelf.path(segment).stat().st_size for segment in self.store.segments(kind))
            for kind in Kind
        }

    async def _work(self) -> None:
        while await self.store.side.keeper.step():
            pass
        await self.store.side.removal.step()
        while await self._expiry.step():
            pass

    def _values(self, width: int, ticks: int) -> Floats:
        """Make constants, counters, wandering gauges and percentages, as hosts have them."""
        rows = []
        for number in range(width):
            match number % 4:
                case 0:
                    rows.append(np.full(ticks, 17_179_869_184.0))
                case 1:
                    rows.append(np.cumsum(self.random.poisson(2000, ticks)).astype(np.float64))
                case 2:
                    rows.append(4096.0 * (1_000_000 + np.cumsum(self.random.integers(-200, 201, ticks))))
                case _:
                    rows.append(np.round(np.clip(30 + np.cumsum(self.random.normal(0, 1, ticks)), 0, 100), 2))
        return np.array(rows)
