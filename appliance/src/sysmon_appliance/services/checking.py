"""Reading all segments now and then, before somebody needs one that has rotted."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.integrity import Check, NoteCheck
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.segments import DAY_MS, ManifestReader, Segment
from sysmon_appliance.errors import RefusedError, StorageError, StoreUnreachableError
from sysmon_appliance.services.integrity import Integrity, Verdict
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_ROUND_SECONDS = 60.0
_LONGEST_REST_SECONDS = 30.0


class Checking:
    """Checks all segments when it is time or somebody asks, one after the other and half of the time at most."""

    def __init__(
        self,
        manifest: ManifestReader,
        integrity: Integrity,
        barrier: Barrier,
        clock: Clock,
        *,
        last: Check | None,
        every_days: int,
    ) -> None:
        self.newest = last
        """The check that runs, or else the one that ended last; None before the first."""
        self._manifest = manifest
        self._integrity = integrity
        self._barrier = barrier
        self._clock = clock
        self._every_ms = every_days * DAY_MS  # 0: only when asked
        self._asked = asyncio.Event()

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
        for segment in segments:
            began = self._clock.monotonic()
            newest = self.newest = await self._checked(newest, segment)
            await asyncio.sleep(min(self._clock.monotonic() - began, _LONGEST_REST_SECONDS))
        self.newest = replace(newest, ended_ms=self._clock.wall_ms())
        await commit(self._barrier, (NoteCheck(self.newest),))
        return self.newest

    async def _checked(self, newest: Check, segment: Segment) -> Check:
        try:
            verdict = await self._integrity.judge(segment)
        except (StoreUnreachableError, StorageError) as error:
            if not newest.unread:  # once is enough: the store may be away for the whole check
                _log.warning(
                    "A segment could not be checked.", extra={"segment": segment.name, "problem": error.message}
                )
            return replace(newest, checked=newest.checked + 1, unread=newest.unread + 1)
        damaged = (segment.name,) if verdict is Verdict.DAMAGED else ()
        return replace(newest, checked=newest.checked + 1, damaged=newest.damaged + damaged)

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
