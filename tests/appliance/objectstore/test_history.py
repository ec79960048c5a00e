"""History in a real object store: sealed and merged by the compacting process, checked, and repaired."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_appliance.compactor.process import CompactorProcess
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.principals import Kind as PrincipalKind
from sysmon_appliance.domain.principals import Principal, Role
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Segment
from sysmon_appliance.objectstore.settings import ShelfSettings
from sysmon_appliance.objectstore.shelves import Shelf, shelf_of
from sysmon_appliance.segments.checks import check_rows
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.repair import Repaired
from sysmon_appliance.services.segment_side import Parts, SegmentSide
from sysmon_appliance.services.upkeep import Segments, Upkeep
from tests.support.clock import ManualClock
from tests.support.objects import damaged
from tests.support.storekeeping import Store, every

START_MS = 20_000 * DAY_MS
OPERATOR = Principal(PrincipalKind.SOCKET, "operator", Role.OPERATOR)


class History:
    """A store whose segments go to a bucket."""

    def __init__(self, store: Store, bucket: ShelfSettings) -> None:
        settings = replace(bucket, folder=store.place.shelf.folder)
        self.store = store
        self.shelf: Shelf = shelf_of(settings, store.clock)
        self.manifest = store.database.manifest
        runner = CompactorProcess(replace(store.place, shelf=settings))
        barrier = GroupCommit(store.database.writer, store.clock, gather_milliseconds=1)
        parts = Parts(self.manifest, store.database.usage, self.shelf, runner, barrier, store.clock)
        self.side = SegmentSide.over(parts, store.database.state, AggregatorSettings())
        self.upkeep = Upkeep.over(
            Segments(self.manifest, self.side.changes, self.shelf, check_rows),
            barrier,
            store.clock,
            runner=runner,
            workshop=self.side.keeper,
            last_check=None,
            check_days=7,
        )

    def one(self, kind: Kind) -> Segment:
        (segment,) = self.store.segments(kind)
        return segment

    async def merge_a_day(self) -> None:
        """Let a host send for an hour, and time pass until that day is merged."""
        self.store.sender().send(every(START_MS + HOUR_MS, 360))
        for hours in (4, 27):
            self.store.clock.advance((START_MS + hours * HOUR_MS - self.store.clock.wall) / 1000)
            while await self.side.keeper.step():
                pass

    async def check(self) -> tuple[str, ...]:
        return (await self.upkeep.checking.check()).damaged


@pytest.fixture
def history(bucket: ShelfSettings, tmp_path: Path) -> Iterator[History]:
    with Store.opened(tmp_path, ManualClock(wall_ms=START_MS)) as store:
        yield History(store, bucket)


def test_history_outlives_every_single_copy(history: History) -> None:
    """Each kind of loss is found and mended: here from the object, there from the file, and both from ticks."""

    async def live() -> None:
        await history.merge_a_day()
        assert {segment.name for segment in history.manifest.all()} <= set(history.shelf.names())
        ticks, minutes = history.one(Kind.RAW), history.one(Kind.MINUTE)
        before = history.shelf.path(ticks).read_bytes()
        history.shelf.path(ticks).write_bytes(damaged(before))
        assert await history.check() == ()
        assert history.shelf.path(ticks).read_bytes() == before
        history.shelf.remove(minutes.name)
        assert await history.check() == (minutes.name,)
        assert await history.upkeep.repair.repair(OPERATOR) == Repaired((minutes.name,))
        assert history.one(Kind.MINUTE).samples == minutes.samples
        assert await history.check() == ()

    asyncio.run(live())
