"""Reading all segments now and then, before somebody needs one that has rotted."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.examining import Verdict
from sysmon_appliance.domain.integrity import Check, NoteCheck
from sysmon_appliance.domain.jobs import CheckSegments, JobRunner, Outcome
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.segments import DAY_MS, ManifestReader, Segment
from sysmon_appliance.domain.storekeeping import JobName, Workshop
from sysmon_appliance.errors import RefusedError, StorageError, StoreUnreachableError
from sysmon_appliance.services.integrity import Integrity
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_ROUND_SECONDS = 60.0
_AT_ONCE_BYTES = 64 << 20
"""Segments of one job have about as many: it is over in seconds, and sealing has its turn before the next."""


class Checking:
    """Checks all segments when it is time or somebody asks, some at a time."""

    def __init__(
        self,
        manifest: ManifestReader,
        integrity: Integrity,
        barrier: Barrier,
        clock: Clock,
        *,
        runner: JobRunner,
        workshop: Workshop,
        last: Check | None,
        every_days: int,
    ) -> None:
        self.newest = last
        """The check that runs, or else the one that ended last; None before the first."""
        self._manifest = manifest
        self._integrity = integrity
        self._barrier = barrier
        self._clock = clock
        self._runner = runner
        self._workshop = workshop
        self._every_ms = every_days * DAY_MS  # 0: only when asked
        self._asked = asyncio.Event()

    def reload(self, last: Check | None) -> None:
        """Show a check that the leader has made."""
        self.newest = last

    async def ask(self, principal: Principal) -> None:
        """Let a check begin soon, and put on record who wanted it; one that runs already is as good.

        Raises
        ------
        StorageFullError, StorageFailedError
            It could not be put on record, so nothing is done.
        """
        await commit(self._barrier, (audited(principal, "storage.check", "", now_ms=self._clock.wall_ms()),))
        self._asked.set()

    async def run(self) -> NoReturn:
        """Check when it is time, until cancelled."""
        while True:
            if self._asked.is_set() or self._is_due():
                await self._try_check()
                self._asked.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _ROUND_SECONDS)

    async def check(self) -> Check:
        """Read every segment in force.

        Raises
        ------
        RefusedError
            What was found could not be committed.
        """
        segments = self._manifest.all()
        newest = self.newest = Check(self._clock.wall_ms(), len(segments))
        for some in _batches(segments):
            newest = self.newest = await self._checked(newest, some)
        self.newest = replace(newest, ended_ms=self._clock.wall_ms())
        await commit(self._barrier, (NoteCheck(self.newest),))
        return self.newest

    async def _checked(self, newest: Check, segments: Sequence[Segment]) -> Check:
        """Read some segments, and let the manifest say what was found of them."""

        def progress(done: float) -> None:
            self._workshop.progress((newest.checked + done * len(segments)) / newest.of)

        async with self._workshop.alone(JobName.CHECK):
            try:
                outcome = await self._runner.run(CheckSegments(tuple(segments)), progress)
            except (StorageError, StoreUnreachableError) as error:
                _log.warning("Segments could not be checked.", extra={"problem": error.message})
                outcome = Outcome(unread=tuple(segment.name for segment in segments))
            damaged = [name for name in _named(segments, outcome) if await self._is_damaged(name, outcome)]
        return replace(
            newest,
            checked=newest.checked + len(segments),
            damaged=(*newest.damaged, *damaged),
            unread=newest.unread + len(outcome.unread),
        )

    async def _is_damaged(self, name: str, outcome: Outcome) -> bool:
        verdict = Verdict.WHOLE
        if name in outcome.damaged:
            verdict = Verdict.DAMAGED
        elif name in outcome.mended:
            verdict = Verdict.MENDED
        return await self._integrity.settle(name, verdict) is Verdict.DAMAGED

    async def _try_check(self) -> None:
        before = self.newest
        try:
            await self.check()
        except RefusedError:
            _log.warning("What a check of segments found could not be committed.", exc_info=True)
            self.newest = before

    def _is_due(self) -> bool:
        """Whether the oldest segment has gone unread for too long."""
        if not self._every_ms:
            return False
        oldest_ms = min((segment.created_ms for segment in self._manifest.all()), default=None)
        if oldest_ms is None:
            return False
        since_ms = self.newest.ended_ms if self.newest else 0
        return self._clock.wall_ms() - max(oldest_ms, since_ms) >= self._every_ms


def _batches(segments: Iterable[Segment]) -> Iterator[Sequence[Segment]]:
    """Cut a list where a batch has enough bytes."""
    batch: list[Segment] = []
    for segment in segments:
        batch.append(segment)
        if sum(one.bytes for one in batch) >= _AT_ONCE_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _named(segments: Iterable[Segment], outcome: Outcome) -> Iterator[str]:
    """Yield the names of segments that were looked at."""
    return (segment.name for segment in segments if segment.name not in outcome.unread)
