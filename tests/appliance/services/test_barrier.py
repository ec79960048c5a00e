"""Group commit."""

import asyncio

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import GroupResult
from sysmon_appliance.domain.changes import RaiseEpoch
from sysmon_appliance.errors import StorageFullError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.settling import commit
from tests.support.clock import ManualClock
from tests.support.store import HeldStore, InstantStore

Told = list[SysmonError | None]


def a_barrier(store: HeldStore | InstantStore) -> GroupCommit:
    return GroupCommit(store, ManualClock(), gather_milliseconds=1)


async def until_held(store: HeldStore) -> None:
    while not store.held:  # noqa: ASYNC110 - the barrier's timer has no event to wait for
        await asyncio.sleep(0.001)


async def settled(barrier: GroupCommit) -> None:
    while barrier.waiting:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.001)


async def test_what_is_submitted_together_is_committed_together() -> None:
    """Changes that arrive within the gathering time share one transaction."""
    store = HeldStore()
    barrier = a_barrier(store)
    told: Told = []
    for epoch in (1, 2, 3):
        barrier.submit((RaiseEpoch(epoch),), told.append)
    await until_held(store)
    assert [len(changes) for changes, _ in store.held] == [3]
    store.finish()
    await settled(barrier)
    assert told == [None, None, None]


async def test_nobody_is_told_before_the_commit() -> None:
    """Nothing is acknowledged while its commit is under way."""
    store = HeldStore()
    barrier = a_barrier(store)
    told: Told = []
    barrier.submit((RaiseEpoch(1),), told.append)
    await until_held(store)
    await asyncio.sleep(0.01)
    assert told == []
    store.finish()
    await settled(barrier)
    assert told == [None]


async def test_one_group_is_committed_at_a_time() -> None:
    """While a group is being committed the next one gathers, and follows at once."""
    store = HeldStore()
    barrier = a_barrier(store)
    barrier.submit((RaiseEpoch(1),), lambda _: None)
    await until_held(store)
    barrier.submit((RaiseEpoch(2),), lambda _: None)
    await asyncio.sleep(0.02)
    assert len(store.held) == 1
    store.finish()
    await until_held(store)
    store.finish()
    await settled(barrier)
    assert store.committed == [RaiseEpoch(1), RaiseEpoch(2)]


async def test_a_large_group_does_not_wait() -> None:
    """Very many changes are handed to the writer before the gathering time is over."""
    store = HeldStore()
    barrier = GroupCommit(store, ManualClock(), gather_milliseconds=60_000)
    for epoch in range(250):
        barrier.submit((RaiseEpoch(epoch),), lambda _: None)
    assert len(store.held) == 1


async def test_a_failure_takes_with_it_what_gathered_behind() -> None:
    """What was accepted behind a group that fails is failed with it, in order."""
    store = HeldStore()
    barrier = a_barrier(store)
    told: list[tuple[int, SysmonError | None]] = []
    barrier.submit((RaiseEpoch(1),), lambda error: told.append((1, error)))
    await until_held(store)
    barrier.submit((RaiseEpoch(2),), lambda error: told.append((2, error)))
    full = StorageFullError("The disk is full.")
    store.finish(full)
    await settled(barrier)
    assert told == [(1, full), (2, full)]
    assert store.committed == []


async def test_the_barrier_works_again_after_a_failure() -> None:
    """A change that is submitted after a failure is committed when there is room again."""
    store = InstantStore()
    barrier = a_barrier(store)
    store.error = StorageFullError("The disk is full.")
    with pytest.raises(StorageFullError):
        await commit(barrier, [RaiseEpoch(1)])
    store.error = None
    await commit(barrier, [RaiseEpoch(2)])
    assert store.committed == [RaiseEpoch(2)]


async def test_waiting_for_nothing_waits_for_all_before() -> None:
    """Asking for durability without a change returns once all earlier changes are durable."""
    store = InstantStore()
    barrier = a_barrier(store)
    barrier.submit((RaiseEpoch(1),), lambda _: None)
    await commit(barrier, ())
    assert store.committed == [RaiseEpoch(1)]


async def test_a_caller_that_is_cancelled_harms_nobody() -> None:
    """When one of those who wait is cancelled, the others still hear of the commit."""
    store = HeldStore()
    barrier = a_barrier(store)
    gone = asyncio.create_task(commit(barrier, [RaiseEpoch(1)]))
    other = asyncio.create_task(commit(barrier, [RaiseEpoch(2)]))
    await until_held(store)
    gone.cancel()
    store.finish()
    await other
    assert gone.cancelled()


async def test_a_listener_that_fails_keeps_nobody_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    """A listener that raises is logged, and the others are called."""
    store = InstantStore()
    barrier = a_barrier(store)
    results: list[GroupResult] = []

    def fail(_: GroupResult) -> None:
        raise RuntimeError("on purpose")

    barrier.listen(fail)
    barrier.listen(results.append)
    await commit(barrier, [RaiseEpoch(1)])
    await asyncio.sleep(0)
    assert [(result.entries, result.error) for result in results] == [(1, None)]
    assert "A listener of the group commit failed." in caplog.text


async def test_closing_commits_what_was_submitted() -> None:
    """Closing the barrier leaves nothing uncommitted."""
    store = InstantStore()
    barrier = GroupCommit(store, ManualClock(), gather_milliseconds=10)
    told: Told = []
    barrier.submit((RaiseEpoch(1),), told.append)
    await barrier.close()
    assert told == [None]
