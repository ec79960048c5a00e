"""Bringing damaged segments back."""

from dataclasses import replace

import pytest

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.domain.jobs import MergeDay, Outcome
from sysmon_appliance.domain.segments import Kind, Segment
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.errors import StorageFullError, StoreUnreachableError
from sysmon_appliance.services.repair import Repaired
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.storage import ListManifest, segment
from tests.support.upkeep import DAMAGED, Shelved

TICKS = segment()
MINUTES = replace(segment(Kind.MINUTE), damaged_ms=1)


class Bench(Shelved):
    """Repairs of a day whose rollups are damaged."""

    def __init__(self, *segments: Segment) -> None:
        self.barrier = InstantBarrier()
        super().__init__(ListManifest(list(segments or (TICKS, MINUTES))), self.barrier, ManualClock())
        self.shelf.found[MINUTES.name] = DAMAGED

    async def repair(self, *, give_up: bool = False) -> Repaired:
        return await self.upkeep.repair.repair(OPERATOR, give_up=give_up)

    @property
    def in_force(self) -> list[str]:
        return [one.name for one in self.manifest.all() if not one.damaged_ms]


async def test_another_copy_is_all_it_takes() -> None:
    """A segment of which a whole copy is found is back, and nothing is made anew."""
    bench = Bench()
    bench.shelf.found[MINUTES.name] = Copies(Copy.DAMAGED, Copy.WHOLE)
    assert await bench.repair() == Repaired((MINUTES.name,), ())
    assert not bench.bench.jobs
    assert bench.in_force == [TICKS.name, MINUTES.name]


async def test_lost_rollups_are_rolled_up_again() -> None:
    """Rollups without a whole copy are made anew from ticks; of what is made, only rollups of their kind count."""
    bench = Bench()
    anew, hours, ticks = (
        replace(segment(kind), name=f"{kind}-anew.sqlite") for kind in (Kind.MINUTE, Kind.HOUR, Kind.RAW)
    )
    bench.bench.outcome = Outcome(add=(anew, hours, ticks))
    assert await bench.repair() == Repaired((MINUTES.name,), ())
    assert bench.bench.jobs == [MergeDay(MINUTES.level, (TICKS,))]
    assert bench.in_force == [TICKS.name, anew.name]
    assert bench.bench.alone_for == [JobName.REPAIR]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(add=(replace(segment(Kind.MINUTE), name="anew.sqlite", samples=MINUTES.samples - 1),)),
        Outcome(add=(replace(segment(Kind.MINUTE), name="anew.sqlite"),), damaged=(TICKS.name,)),
        Outcome(),
    ],
)
async def test_what_would_lose_values_takes_no_place(outcome: Outcome) -> None:
    """What is made anew and holds other than what is lost, or comes of damaged ticks, is not taken."""
    bench = Bench()
    bench.bench.outcome = outcome
    assert await bench.repair() == Repaired((), (MINUTES.name,))
    assert bench.in_force == [TICKS.name]
    assert [one.name for one in bench.manifest.all()] == [TICKS.name, MINUTES.name]


async def test_what_nothing_is_left_of_stays_aside() -> None:
    """Lost ticks are said to be lost, and the manifest still says what they were."""
    lost = replace(TICKS, damaged_ms=1)
    bench = Bench(lost)
    bench.shelf.found[lost.name] = DAMAGED
    assert await bench.repair() == Repaired((), (lost.name,))
    assert not bench.bench.jobs
    assert list(bench.manifest.all()) == [lost]


async def test_what_is_given_up_leaves_the_manifest() -> None:
    """When asked to, a repair forgets what is lost; what was repaired stays."""
    lost = replace(TICKS, damaged_ms=1)
    bench = Bench(lost, MINUTES)
    bench.shelf.found |= {lost.name: DAMAGED, MINUTES.name: Copies(Copy.WHOLE)}
    assert await bench.repair(give_up=True) == Repaired((MINUTES.name,), (lost.name,))
    assert bench.in_force == [MINUTES.name]
    assert [one.name for one in bench.manifest.dropped()] == [lost.name]


async def test_what_is_replaced_together_is_repaired_once() -> None:
    """Two damaged rollups of one day come from one job."""
    other = replace(MINUTES, name="minute-day-other.sqlite")
    bench = Bench(TICKS, MINUTES, other)
    bench.shelf.found[other.name] = DAMAGED
    ticks = replace(TICKS, samples=MINUTES.samples + other.samples)
    bench.manifest.segments[0] = ticks
    anew = replace(segment(Kind.MINUTE), name="anew.sqlite", samples=ticks.samples)
    bench.bench.outcome = Outcome(add=(anew,))
    assert await bench.repair() == Repaired(tuple(sorted((MINUTES.name, other.name))), ())
    assert len(bench.bench.jobs) == 1
    assert bench.in_force == [TICKS.name, anew.name]


async def test_a_repair_is_on_record_before_it_begins() -> None:
    """The audit log says who wanted what repaired; where it cannot, nothing is done."""
    bench = Bench()
    await bench.repair(give_up=True)
    (entry,) = bench.barrier.audited
    assert (entry.action, entry.actor) == ("storage.repair", OPERATOR.actor)
    assert entry.before == {"damaged": [MINUTES.name], "give_up": True}
    bench = Bench()
    bench.barrier.error = StorageFullError("The aggregator's disk is full.")
    with pytest.raises(StorageFullError):
        await bench.repair()
    assert not bench.shelf.looked


async def test_a_store_that_is_down_loses_nothing() -> None:
    """While a copy may be where nobody can look, nothing is called lost, and nothing is given up."""
    bench = Bench()
    bench.shelf.is_down = True
    with pytest.raises(StoreUnreachableError):
        await bench.repair(give_up=True)
    assert [one.name for one in bench.manifest.all()] == [TICKS.name, MINUTES.name]


async def test_where_nothing_is_damaged_nothing_is_done() -> None:
    """A repair of a whole store reads nothing."""
    bench = Bench(TICKS)
    assert await bench.repair() == Repaired()
    assert not bench.shelf.looked
