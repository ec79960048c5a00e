"""The JobRunner that has each job done by a process of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

from sysmon_appliance.compactor.work import Said, Work, Workplace, decode_said, encode_work
from sysmon_appliance.domain.jobs import Job, Outcome, Progress
from sysmon_appliance.errors import StorageError

_LONGEST_LINE = 64 << 20
_SILENCE_SECONDS = 3600.0  # a process that says nothing for so long hangs
_LAST_WORDS = 500


class CompactorProcess:
    """Starts the process, tells it the job through a pipe, which secrets may pass, and listens.

    The process ends when that pipe does, so it never outlives the aggregator.
    """

    def __init__(self, place: Workplace) -> None:
        self._place = place

    async def run(self, job: Job, progress: Progress) -> Outcome:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sysmon_appliance.compactor",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C reaches the aggregator alone
        )
        try:
            return await _converse(process, Work(job, self._place), progress)
        finally:
            await _end(process)


async def _converse(process: Process, work: Work, progress: Progress) -> Outcome:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    assert process.stderr is not None  # noqa: S101
    errors = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(encode_work(work))
        async for said in _lines(process):
            if said.problem is not None:
                raise said.problem.error()
            if said.outcome is not None:
                return said.outcome
            progress(said.done or 0.0)
        raise _failure(await process.wait(), await errors)
    finally:
        errors.cancel()


async def _lines(process: Process) -> AsyncIterator[Said]:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    while True:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _SILENCE_SECONDS)
        except TimeoutError:
            raise StorageError("The compacting process hangs.", hint=f"ps -p {process.pid}") from None
        if not line.endswith(b"\n"):
            return
        yield decode_said(line)


def _failure(code: int, errors: bytes) -> StorageError:
    words = errors.decode(errors="replace").strip()[-_LAST_WORDS:]
    last = words.splitlines()[-1] if words else ""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return StorageError(f"The compacting process {how}. {last}".rstrip(), hint="journalctl -u sysmon-aggregator -n 50")


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
