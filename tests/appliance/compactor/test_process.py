"""A process of its own for each job."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from sysmon_appliance.compactor.process import CompactorProcess
from sysmon_appliance.compactor.work import Work, Workplace, encode_work
from sysmon_appliance.domain.jobs import MergeDay, SealJob
from sysmon_appliance.domain.segments import DAY_MS, Level
from sysmon_appliance.errors import StorageError
from sysmon_appliance.objectstore.settings import ShelfSettings
from tests.support.storage import segment
from tests.support.storekeeping import Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
HIDDEN = "hidden-value"
COMMAND = (sys.executable, "-m", "sysmon_appliance.compactor")


def ignore(_: float) -> None:
    """Hear of progress."""


def children() -> list[psutil.Process]:
    """List the compacting processes of this one."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if COMMAND[2] in process.cmdline():
                found.append(process)
    return found


async def started() -> psutil.Process:
    while not (found := children()):  # noqa: ASYNC110 - the system tells nobody of a new process
        await asyncio.sleep(0.01)
    return found[0]


def silent_place(store: Store) -> Workplace:
    """Make a place where the process waits for a file that nobody writes."""
    silent = store.place.live.with_name("fifo")
    os.mkfifo(silent)
    return replace(store.place, live=silent)


def slow_seal(store: Store, shelf: ShelfSettings | None = None) -> CompactorProcess:
    return CompactorProcess(replace(silent_place(store), shelf=shelf or store.place.shelf))


async def test_a_process_does_the_job(store: Store) -> None:
    """What it reports is on the shelf, as the manifest will say."""
    store.sender().send(every(DAY, 50))
    outcome = await CompactorProcess(store.place).run(SealJob(0, 100), ignore)
    [made] = outcome.add
    assert (made.ticks, made.start_ms, outcome.sealed_up_to) == (50, DAY, 100)
    assert store.shelf.path(made).stat().st_size == made.bytes
    assert not store.place.drafts.exists()
    assert not children()


async def test_its_problem_is_told(store: Store) -> None:
    """A job that cannot be done says why, and what to do."""
    place = replace(store.place, live=store.place.live.with_name("nothing"))
    with pytest.raises(StorageError, match="cannot be read") as caught:
        await CompactorProcess(place).run(SealJob(0, 1), ignore)
    assert str(place.live) in caught.value.hint


async def test_a_missing_input_is_reported(store: Store) -> None:
    """A file that is not there is damage, which the keeper sets aside, and no failure."""
    outcome = await CompactorProcess(store.place).run(MergeDay(Level.DAY, (segment(),)), ignore)
    assert outcome.damaged == (segment().name,)


async def test_one_that_is_killed_is_a_failure(store: Store) -> None:
    """When the kernel takes it for want of memory, that is said, and the aggregator goes on."""
    job = asyncio.create_task(slow_seal(store).run(SealJob(0, 1), ignore))
    (await started()).send_signal(signal.SIGKILL)
    with pytest.raises(StorageError, match="ended by signal 9"):
        await job


async def test_cancelling_ends_it(store: Store) -> None:
    """An aggregator that stops leaves no process behind."""
    job = asyncio.create_task(slow_seal(store).run(SealJob(0, 1), ignore))
    await started()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not children()


def test_it_ends_with_whoever_started_it(store: Store) -> None:
    """When the aggregator is killed its end of the pipe closes, and the process ends at once."""
    work = encode_work(Work(SealJob(0, 1), silent_place(store)))
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        process.stdin.write(work)
        process.stdin.flush()
        process.stdin.close()
        assert process.wait(30) == 3


async def test_secrets_are_in_neither_arguments_nor_environment(store: Store) -> None:
    """What any user of the machine can see of a process does not have the key of the object store."""
    shelf = replace(store.place.shelf, secret_access_key=HIDDEN)
    job = asyncio.create_task(slow_seal(store, shelf).run(SealJob(0, 1), ignore))
    process = await started()
    seen = " ".join([*process.cmdline(), *process.environ().values()])
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert HIDDEN not in seen
