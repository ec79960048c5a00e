"""What sealing and merging cost the processor, and how large the live database becomes meanwhile.

Batches go straight into the writer, on a clock that runs as fast as they do: two hours of a thousand hosts take some
minutes. What accepting them costs is another benchmark's.
"""

import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from sysmon_appliance.compactor.process import CompactorProcess
from sysmon_appliance.domain.changes import AppendBatch
from sysmon_appliance.domain.jobs import CheckSegments, Job
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.services.segment_side import SegmentSide
from tests.bench import made_fleet
from tests.bench.measure import machine, report
from tests.support.clock import ManualClock
from tests.support.live import commit
from tests.support.storekeeping import Sender, Store

SERIES = 100
TICKS_AN_HOUR = 3_600_000 // made_fleet.STEP_MS
START_MS = 1_764_000_000_000 // DAY_MS * DAY_MS
KINDS_OF_HOSTS = 10
"""So many hosts have values of their own; the others repeat them, which costs sealing the same."""

STEP_SECONDS = 2
"""Of the fast clock, between commits."""

HASTE = 20
"""While something is sealed, the clock runs no faster than so many times; sealing runs at its own pace."""


def measure_sealing(agents: int) -> None:
    """Measure a day of a small fleet with batches of one tick and of ten, then two hours of a large one."""
    for ticks, name in ((1, "one_tick"), (10, "ten_ticks")):
        with tempfile.TemporaryDirectory(prefix="bench-sealing-") as folder:
            measure_day(Path(folder), name, ticks)
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        asyncio.run(measure_hours(Path(folder), agents))


@dataclass(slots=True)
class Bill:
    """CPU of this process, by what it was spent on."""

    sealing: float = 0.0
    removing: float = 0.0
    merging: float = 0.0
    joining: float = 0.0


def measure_day(folder: Path, name: str, ticks_at_once: int) -> None:
    """Seal a day of ten hosts hour by hour, then merge it, all in this process."""
    bill, clock, hosts = Bill(), ManualClock(wall_ms=START_MS), KINDS_OF_HOSTS
    with Store.opened(folder, clock) as store:
        senders = [store.sender(key + 1, made_fleet.schema(SERIES)) for key in range(hosts)]
        values = [made_fleet.values(key, SERIES, 24 * TICKS_AN_HOUR) for key in range(hosts)]
        for hour in range(24):
            ticks = range(hour * TICKS_AN_HOUR, (hour + 1) * TICKS_AN_HOUR, ticks_at_once)
            for first in ticks:
                part = slice(first, first + ticks_at_once)
                commit(store.database, *(batch(one, values[one.key - 1], part) for one in senders))
            clock.advance(3600)
            bill.sealing += cpu_of(store.run)
            bill.removing += cpu_of(store.remove)
        clock.advance(7200)
        bill.merging += cpu_of(store.run)
        clock.advance(40 * 86_400)
        bill.joining += cpu_of(store.run)
    millions = hosts * SERIES * 24 * TICKS_AN_HOUR / 1e6
    conditions = f"{hosts} hosts of {SERIES} series, a day at 10 s, sealed every hour, in one process; {machine()}"
    for what in ("sealing", "removing", "merging", "joining"):
        title = f"store.{what}.cpu_seconds_per_million_samples.{name}"
        report(title, getattr(bill, what) / millions, "s", conditions=conditions)


def cpu_of(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def batch(sender: Sender, values: Floats, part: slice) -> AppendBatch:
    """Make a batch of some ticks; values begin anew where they end."""
    ticks = np.arange(part.start, part.stop)
    times = (START_MS + made_fleet.STEP_MS * ticks).tolist()
    return sender.batch(times, values[:, ticks % values.shape[1]])


async def measure_hours(folder: Path, hosts: int) -> None:
    """Let two hours of a fleet pass, sealed by the process that seals for an aggregator."""
    clock = ManualClock(wall_ms=START_MS)
    with Store.opened(folder, clock) as store:
        senders = [store.sender(key + 1, made_fleet.schema(SERIES)) for key in range(hosts)]
        process = CompactorProcess(store.place)
        start = await cpu_of_job(process, CheckSegments(()))
        report("store.compactor_start.cpu_seconds", start, "s", conditions=f"a job without any work; {machine()}")
        side, begun, cpu = store.side_with(process), time.monotonic(), children_cpu()
        with keeping(side):
            peak = await pass_time(store, senders, side, clock)
        share = (children_cpu() - cpu) / (time.monotonic() - begun)
        sealed = sum(segment.samples for segment in store.segments())
        size = store.place.live.stat().st_size
    conditions = (
        f"{hosts} hosts of {SERIES} series, two hours at 10 s on a fast clock, {sealed} samples sealed;"
        f" the sealing processes took {share:.2f} of a core; {machine()}"
    )
    report("store.live_bytes.peak", peak / 1e6, "MB", conditions=conditions)
    report("store.live_bytes.end", size / 1e6, "MB", conditions=conditions)
    cost = (children_cpu() - cpu) / sealed * 1e6
    report("store.sealing.cpu_seconds_per_million_samples.fleet", cost, "s", conditions=conditions)


async def cpu_of_job(process: CompactorProcess, job: Job) -> float:
    before = children_cpu()
    await process.run(job, lambda _: None)
    return children_cpu() - before


def children_cpu() -> float:
    """Return user and system time of processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def keeping(side: SegmentSide) -> Iterator[None]:
    """Seal and remove what is due, as an aggregator does, as often as its clock would have it."""

    async def repeat(step: Callable[[], Awaitable[bool]]) -> NoReturn:
        while True:
            busy = await step()
            await asyncio.sleep(0 if busy else 0.1)

    tasks = [asyncio.create_task(repeat(step)) for step in (side.keeper.step, side.removal.step)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def pass_time(store: Store, senders: Sequence[Sender], side: SegmentSide, clock: ManualClock) -> int:
    """Commit what the hosts send, each every ten seconds, in its turn; return the largest size of the live database."""
    values = [made_fleet.values(key, SERIES, TICKS_AN_HOUR) for key in range(KINDS_OF_HOSTS)]
    at_once = len(senders) * STEP_SECONDS * 1000 // made_fleet.STEP_MS
    peak = 0
    for second in range(0, 7200, STEP_SECONDS):
        tick, turn = divmod(second * 1000, made_fleet.STEP_MS)
        first = turn // 1000 // STEP_SECONDS * at_once
        chosen = senders[first : first + at_once]
        rows = [batch(one, values[one.key % KINDS_OF_HOSTS], slice(tick, tick + 1)) for one in chosen]
        await asyncio.to_thread(commit, store.database, *rows)
        clock.advance(STEP_SECONDS)
        await asyncio.sleep(STEP_SECONDS / HASTE if side.keeper.status.working else 0)
        peak = max(peak, store.place.live.stat().st_size)
    return peak
