"""Letting go of history that nobody keeps any more."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import pairwise
from typing import NoReturn, Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.expiry import Expired, expired, limits_of
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.jobs import Job, Outcome, TrimSegment
from sysmon_appliance.domain.retention import NoteRetention
from sysmon_appliance.domain.segments import DAY_MS, ManifestReader, ManifestWriter, Segment
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.services.cautious_clock import DOUBT_MS, CautiousClock
from sysmon_appliance.services.remembered import Remembered
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_ROUND_SECONDS = 600.0
_PAUSE_SECONDS = 5.0  # after a change, before the next
_LONG_AWAY_MS = 7 * DAY_MS


class Jobs(Protocol):
    """Does one job on segments after the other."""

    async def perform(self, job: Job) -> Outcome:
        """Do a job, and commit what it has made; raises a SysmonError where that failed."""

    def alone(self, name: JobName) -> AbstractAsyncContextManager[None]:
        """Keep everything else that changes segments waiting."""


class Expiry:
    """Drops segments that have expired, and has those written again of which enough has.

    Where nothing was stored for weeks, by the clock, nothing is removed until a day has been stored since: either the
    aggregator was away for long, and then there is no hurry, or the clock was set forward by mistake, perhaps before
    this start.
    """

    def __init__(
        self,
        jobs: Jobs,
        manifest: ManifestReader,
        changes: ManifestWriter,
        directory: HostDirectory,
        *,
        retention: Remembered,
        barrier: Barrier,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._manifest = manifest
        self._changes = changes
        self._directory = directory
        self._retention = retention
        self._barrier = barrier
        self._clock = clock
        self._cautious = CautiousClock(clock)
        self._begins_ms = clock.boot_ms() + _doubted_ms([*manifest.all(), *manifest.dropped()], clock.wall_ms())
        self._noted = False
        self._foreign: set[str] = set()  # segments of a later release: dropped in their time, never written again

    async def run(self) -> NoReturn:
        """Look every ten minutes, until cancelled."""
        while True:
            try:
                worked = await self.step()
            except SysmonError:
                _log.warning("History that has expired could not be removed.", exc_info=True)
                worked = False
            await asyncio.sleep(_PAUSE_SECONDS if worked else _ROUND_SECONDS)

    async def step(self) -> bool:
        """Remove what has expired; return whether there may be more.

        Raises
        ------
        StorageError, StoreUnreachableError, RefusedError, ConflictError
            It could not be removed now.
        """
        await self._note()
        if self._clock.boot_ms() < self._begins_ms:
            return False
        found = await asyncio.to_thread(self._judge)
        if found.drop:
            await self._drop(found.drop)
        elif found.rewrite:
            await self._rewrite(found.rewrite[0])
        return bool(found.drop or found.rewrite)

    async def _note(self) -> None:
        """Remember the settings, so that they are known as the former ones when they are others."""
        if not self._noted:
            await commit(self._barrier, (NoteRetention(self._retention.text),))
            self._noted = True

    def _judge(self) -> Expired:
        now_ms = self._cautious.now_ms()
        limits = limits_of(self._directory.all(), self._retention.policies(now_ms))
        found = expired(self._manifest.all(), limits, now_ms)
        return replace(found, rewrite=tuple(each for each in found.rewrite if each.name not in self._foreign))

    async def _drop(self, segments: Sequence[Segment]) -> None:
        async with self._jobs.alone(JobName.EXPIRE):
            in_force = {segment.name for segment in self._manifest.all()}
            names = [segment.name for segment in segments if segment.name in in_force]
            await self._changes.swap((), names)
        _log.info(
            "Segments have expired.", extra={"segments": len(names), "bytes": sum(each.bytes for each in segments)}
        )

    async def _rewrite(self, segment: Segment) -> None:
        now_ms = self._cautious.now_ms()
        limits = limits_of(self._directory.all(), self._retention.policies(now_ms))
        outcome = await self._jobs.perform(TrimSegment(segment, limits.cutoffs(segment, now_ms)))
        self._foreign.update(outcome.foreign)


def _doubted_ms(segments: Iterable[Segment], now_ms: int) -> int:
    """Return for how long a clock is still doubted: a day from where it left the last that was stored far behind."""
    made = sorted(segment.created_ms for segment in segments)
    leaps = [after for before, after in pairwise([*made, now_ms]) if after - before > _LONG_AWAY_MS]
    return max(leaps[-1] + DOUBT_MS - now_ms, 0) if leaps else 0
