"""Sealing and merging, one job at a time, for as long as the aggregator runs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.jobs import Job, JobRunner, Outcome, SealJob
from sysmon_appliance.domain.planning import Rules, merge_job, seal_job
from sysmon_appliance.domain.segments import Level, ManifestReader, Segment
from sysmon_appliance.domain.storekeeping import Failure, JobName, Storekeeping, Working
from sysmon_appliance.domain.usage import HeadUsage
from sysmon_appliance.services.cautious_clock import CautiousClock
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.services.sweeping import Sweeper

_log = logging.getLogger(__name__)

_ROUND_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 15.0  # after a failure
_LONGEST_PAUSE_SECONDS = 600.0


class SegmentKeeper:
    """The Storekeeper. What fails is tried again later; nothing ends it but its cancellation."""

    def __init__(
        self,
        runner: JobRunner,
        manifest: ManifestReader,
        changes: ManifestChanges,
        usage: HeadUsage,
        *,
        sweeper: Sweeper,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._runner = runner
        self._manifest = manifest
        self._changes = changes
        self._usage = usage
        self._sweeper = sweeper
        self._rules = rules
        self._clock = clock
        self._cautious = CautiousClock(clock)
        self._status = _status_at_start([*manifest.all(), *manifest.dropped()])
        self._busy = asyncio.Lock()
        self._asked = asyncio.Event()
        self._hurried = False  # merge what can be merged, whether or not more may come
        self._foreign: set[str] = set()  # segments of a later release: left as they are

    @property
    def status(self) -> Storekeeping:
        return self._status

    def seal_soon(self) -> None:
        self._asked.set()

    async def run(self) -> NoReturn:
        """Seal and merge what is due, until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                if not await self.step():
                    await self._asked_within(_ROUND_SECONDS)
                pause = _FIRST_PAUSE_SECONDS
            except Exception:  # noqa: BLE001 - whatever it is, what is due stays due, and it was noted
                self._asked.clear()
                await self._asked_within(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def step(self) -> bool:
        """Do the next job that is due, if there is one; return whether there was."""
        with self._noting():
            job = await self._next_job()
        if job is None:
            async with self._busy:
                await self._sweeper.step()
            return False
        await self.perform(job)
        return True

    async def perform(self, job: Job) -> Outcome:
        """Do a job once the one under way is done, and commit what it has made.

        Raises
        ------
        StorageError, StoreUnreachableError
            It could not be done.
        RefusedError, ConflictError
            What was made could not be committed; its files are left over.
        """
        async with self.alone(job.name):
            with self._noting():
                outcome = await self._runner.run(job, self.progress)
                await self._commit(job, outcome)
            self._note_success(job)
        return outcome

    @asynccontextmanager
    async def alone(self, name: JobName) -> AsyncIterator[None]:
        """Keep everything else that changes segments waiting, and show that a job is under way."""
        async with self._busy:
            self._status = replace(self._status, working=Working(name, self._clock.wall_ms()))
            try:
                yield
            finally:
                self._status = replace(self._status, working=None)

    def progress(self, done: float) -> None:
        """Show which share of the job under way is done."""
        if self._status.working is not None:
            self._status = replace(self._status, working=replace(self._status.working, done=done))

    async def _next_job(self) -> Job | None:
        if not self._changes.is_settled:  # it would be the same job again, until that is durable
            return None
        head = await asyncio.to_thread(self._usage.facts, self._changes.sealed_up_to)
        seal = seal_job(head, self._rules, self._clock.wall_ms(), at_once=self._asked.is_set())
        if self._asked.is_set() and (seal is None or seal.up_to >= head.newest):
            self._asked.clear()
            self._hurried = True
        if seal is not None:
            return seal
        known = [segment for segment in self._manifest.all() if segment.name not in self._foreign]
        merge = merge_job(known, head, self._rules, self._cautious.now_ms(), at_once=self._hurried)
        self._hurried = self._hurried and merge is not None
        return merge

    async def _commit(self, job: Job, outcome: Outcome) -> None:
        self._foreign |= set(outcome.foreign)
        for name in outcome.damaged:
            _log.error("A segment is damaged.", extra={"segment": name})
            await self._changes.set_aside(name, damaged=True)
        after = job.after if isinstance(job, SealJob) else 0
        if outcome.add or outcome.drop or outcome.sealed_up_to:
            await self._changes.swap(outcome.add, outcome.drop, sealed_after=after, sealed_up_to=outcome.sealed_up_to)

    def _note_success(self, job: Job) -> None:
        now_ms = self._clock.wall_ms()
        match job.name:
            case JobName.SEAL:
                self._status = replace(self._status, last_seal_ms=now_ms)
            case JobName.MERGE:
                self._status = replace(self._status, last_merge_ms=now_ms)
        if self._status.failure is not None:
            _log.warning("Segments are written again.")
            self._status = replace(self._status, failure=None)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note a failure for those who watch, and let it pass on."""
        try:
            yield
        except Exception as error:
            if self._status.failure is None:  # what fails for hours would fill the log
                _log.exception("Segments cannot be written; the head keeps what it has.")
            self._status = _failed(self._status, error, self._clock.wall_ms())
            raise

    async def _asked_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)


def _failed(status: Storekeeping, error: Exception, now_ms: int) -> Storekeeping:
    since_ms = now_ms if status.failure is None else status.failure.since_ms
    hint = error.hint if isinstance(error, SysmonError) else ""
    problem = str(error) if isinstance(error, SysmonError) else "Segments cannot be written; the log says why."
    return replace(status, failure=Failure(since_ms, problem, hint), failures=status.failures + 1)


def _status_at_start(segments: Iterable[Segment]) -> Storekeeping:
    """Take from the manifest when something was sealed and merged last."""
    sealed = [segment.created_ms for segment in segments if segment.level is Level.SEALED]
    merged = [segment.created_ms for segment in segments if segment.level is not Level.SEALED]
    return Storekeeping(last_seal_ms=max(sealed, default=None), last_merge_ms=max(merged, default=None))
