"""Sealing and merging, one job at a time, whatever fails."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.domain.jobs import Job, MergeDay, Outcome, Progress, SealJob
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Level
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.errors import ConflictError, StorageError, StoreUnreachableError
from sysmon_appliance.services.segment_side import Parts, SegmentSide
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.storekeeping import Sender, Store

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + HOUR_MS)) as opened:
        yield opened


@pytest.fixture
def sender(store: Store) -> Sender:
    return store.sender()


class Held:
    """A JobRunner that waits for a test; `begun` is set while a job is under way."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.jobs: list[Job] = []
        self._outcome = outcome or Outcome()

    async def run(self, job: Job, progress: Progress) -> Outcome:
        self.jobs.append(job)
        progress(0.5)
        self.begun.set()
        await self.go.wait()
        return self._outcome


async def eventually(happens: Callable[[], object]) -> None:
    while not happens():  # noqa: ASYNC110 - a page that shows the status would ask again and again, too
        await asyncio.sleep(0.01)


def test_a_head_that_is_old_enough_is_sealed(store: Store, sender: Sender) -> None:
    """An hour after a batch came it is in a segment, and that is told."""
    sender.send([DAY])
    assert store.run() == [SealJob(0, 1)]
    assert [each.level for each in store.segments()] == [Level.SEALED]
    assert store.side.keeper.status.last_seal_ms == store.clock.wall_ms()


class Waiting(InstantBarrier):
    """A barrier behind which nothing becomes durable."""

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        """Say nothing."""


def test_what_is_sealed_and_not_durable_is_not_sealed_again(store: Store, sender: Sender) -> None:
    """However long it takes until a seal is durable, its batches are written to the shelf once."""
    sender.send([DAY])
    database = store.database
    parts = Parts(database.manifest, database.usage, store.shelf, store.runner, Waiting(), store.clock)
    keeper = SegmentSide.over(parts, database.state, AggregatorSettings()).keeper

    async def work() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(keeper.step(), 1.0)
        assert not await keeper.step()

    asyncio.run(work())
    assert store.runner.jobs == [SealJob(0, 1)]


def test_nothing_is_done_before_it_is_due(store: Store, sender: Sender) -> None:
    """A young head and a day that goes on are left alone."""
    sender.send([DAY + 1000])
    assert store.run() == []


def test_whoever_asks_gets_a_seal_at_once(store: Store, sender: Sender) -> None:
    """The wish is met once, and not again for what comes later."""
    sender.send([DAY + HOUR_MS])
    store.side.keeper.seal_soon()
    assert store.run() == [SealJob(0, 1)]
    sender.send([DAY + HOUR_MS + 1000])
    assert store.run() == []


def test_days_are_merged_after_the_seal(store: Store, sender: Sender) -> None:
    """What is due one after the other is done one after the other."""
    for hour in range(3):
        sender.send([DAY + hour * HOUR_MS])
        store.clock.advance(3600)
        store.run()
    store.clock.advance(86_400 + 7200)
    [job] = store.run()
    assert isinstance(job, MergeDay)
    assert store.side.keeper.status.last_merge_ms == store.clock.wall_ms()


def test_a_failure_is_told_until_the_next_success(store: Store, sender: Sender) -> None:
    """While segments cannot be written it is said since when, why, and what to do; the head keeps what it has."""
    sender.send([DAY])
    began_ms = store.clock.wall_ms()
    store.runner.error = StoreUnreachableError("The store is gone.", hint="ping store")
    for _ in range(2):
        with pytest.raises(StoreUnreachableError):
            store.run()
        store.clock.advance(60)
    status = store.side.keeper.status
    assert status.failure is not None
    assert (status.failure.since_ms, status.failure.problem, status.failure.hint) == (
        began_ms,
        "The store is gone.",
        "ping store",
    )
    assert status.failures == 2
    assert store.times() == {DAY: 1}
    store.runner.error = None
    store.run()
    assert store.side.keeper.status.failure is None


def test_what_nobody_foresaw_is_told_without_its_words(store: Store, sender: Sender) -> None:
    """A fault of ours is in the log, and not on a page."""
    sender.send([DAY])
    store.runner.error = ZeroDivisionError("secret")
    with pytest.raises(ZeroDivisionError):
        store.run()
    failure = store.side.keeper.status.failure
    assert failure is not None
    assert "secret" not in failure.problem


async def test_it_goes_on_after_a_failure(store: Store, sender: Sender) -> None:
    """The loop outlives every error, and does what is due when somebody asks again."""
    await asyncio.to_thread(sender.send, [DAY])
    store.runner.error = ZeroDivisionError()
    running = asyncio.create_task(store.side.keeper.run())
    await eventually(lambda: store.side.keeper.status.failures)
    store.runner.error = None
    store.side.keeper.seal_soon()
    await eventually(store.segments)
    running.cancel()
    assert not store.side.keeper.status.failure


async def test_the_job_under_way_is_shown(store: Store, sender: Sender) -> None:
    """While it lasts it is told what is done, since when, and how much of it."""
    await asyncio.to_thread(sender.send, [DAY])
    held = Held(Outcome(sealed_up_to=1))
    keeper = store.side_with(held).keeper
    step = asyncio.create_task(keeper.step())
    await held.begun.wait()
    working = keeper.status.working
    assert working is not None
    assert (working.job, working.started_ms, working.done) == (JobName.SEAL, store.clock.wall_ms(), 0.5)
    held.go.set()
    await step
    assert keeper.status.working is None


async def test_jobs_wait_for_each_other(store: Store) -> None:
    """Whoever wants something done with segments waits until what is under way is done."""
    held = Held()
    keeper = store.side_with(held).keeper
    first = asyncio.create_task(keeper.perform(SealJob(0, 1)))
    await held.begun.wait()
    second = asyncio.create_task(keeper.perform(SealJob(1, 2)))
    await asyncio.sleep(0.05)
    assert len(held.jobs) == 1
    held.go.set()
    await asyncio.gather(first, second)
    assert len(held.jobs) == 2


async def test_batches_that_another_has_sealed_meanwhile_are_not_sealed_twice(store: Store, sender: Sender) -> None:
    """Of two that seal the same window the second is refused, and its files are left over."""
    await asyncio.to_thread(sender.send, [DAY])
    outcome = await store.runner.run(SealJob(0, 1), lambda _: None)
    held = Held(outcome)
    held.go.set()
    side = store.side_with(held)
    await side.keeper.perform(SealJob(0, 1))
    with pytest.raises(ConflictError):
        await side.keeper.perform(SealJob(0, 1))
    assert len(store.segments()) == 1


def test_a_database_that_cannot_be_read_is_a_failure(store: Store, sender: Sender) -> None:
    """The loop says so, as of any other failure."""
    sender.send([DAY])
    store.place.live.rename(store.place.live.with_name("gone"))
    with pytest.raises(StorageError):
        store.run()
    assert store.side.keeper.status.failure is not None


def test_after_a_start_it_is_known_when_the_last_seal_was(tmp_path: Path) -> None:
    """What was done before a restart is in the manifest."""
    clock = ManualClock(wall_ms=DAY + HOUR_MS)
    with Store.opened(tmp_path, clock) as store:
        store.sender().send([DAY])
        store.run()
    with Store.opened(tmp_path, clock) as store:
        assert store.side.keeper.status.last_seal_ms == clock.wall_ms()
        assert store.side.keeper.status.last_merge_ms is None


def test_a_clock_that_jumps_ahead_merges_nothing_for_a_day(store: Store, sender: Sender) -> None:
    """A date that is wrong for an hour does not end the day early; sealing goes on."""
    sender.send([DAY])
    store.run()
    store.clock.wall += 365 * DAY_MS
    sender.send([DAY + HOUR_MS])
    assert store.run() == [SealJob(1, 2)]
    store.clock.wall -= 365 * DAY_MS
    assert store.run() == []
    assert store.times() == {DAY: 1, DAY + HOUR_MS: 1}


def test_a_clock_that_is_set_back_stops_nothing(store: Store, sender: Sender) -> None:
    """Batches that came in what is now the future are sealed all the same."""
    sender.send([DAY + HOUR_MS])
    store.clock.wall -= 30 * DAY_MS
    assert store.run() == [SealJob(0, 1)]
