"""Bringing damaged segments back, or saying what is lost."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.examining import Verdict
from sysmon_appliance.domain.jobs import JobRunner
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.rebuilding import Rebuild, rebuilds
from sysmon_appliance.domain.segments import ManifestReader, ManifestWriter, Segment
from sysmon_appliance.domain.storekeeping import JobName, Workshop
from sysmon_appliance.services.integrity import Integrity
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of a repair: names of segments."""

    repaired: tuple[str, ...] = ()  # they can be read again, or others hold what they held
    lost: tuple[str, ...] = ()  # no copy can be read, and nothing is left that they were made of


class Repair:
    """Repairs what was set aside, one segment after the other."""

    def __init__(
        self,
        manifest: ManifestReader,
        changes: ManifestWriter,
        integrity: Integrity,
        *,
        runner: JobRunner,
        workshop: Workshop,
        barrier: Barrier,
        clock: Clock,
    ) -> None:
        self._manifest = manifest
        self._changes = changes
        self._integrity = integrity
        self._runner = runner
        self._workshop = workshop
        self._barrier = barrier
        self._clock = clock

    async def repair(self, principal: Principal, *, give_up: bool = False) -> Repaired:
        """Fetch or store anew, or make anew, every segment that was set aside.

        With `give_up`, what is lost leaves the manifest, so that nothing speaks of it any more; else it stays aside.

        Raises
        ------
        StoreUnreachableError, StorageError
            A place that may have a whole copy cannot be looked at now; what was repaired before stays so.
        RefusedError
            Something could not be committed.
        """
        async with self._workshop.alone(JobName.REPAIR):
            damaged = [segment for segment in self._manifest.all() if segment.damaged_ms]
            await self._put_on_record(principal, damaged, give_up=give_up)
            repaired = {segment.name for segment in damaged if await self._is_repaired(segment)}
            lost = tuple(segment.name for segment in damaged if segment.name not in repaired)
            if give_up and lost:
                await self._changes.swap((), lost)
                _log.warning("Segments that are lost were given up.", extra={"segments": lost})
        return Repaired(tuple(sorted(repaired)), lost)

    async def _put_on_record(self, principal: Principal, damaged: Sequence[Segment], *, give_up: bool) -> None:
        about = {"damaged": [segment.name for segment in damaged], "give_up": give_up}
        entry = audited(principal, "storage.repair", "", now_ms=self._clock.wall_ms(), before=about)
        await commit(self._barrier, (entry,))

    async def _is_repaired(self, segment: Segment) -> bool:
        if self._integrity.in_force(segment.name) is None:  # replaced together with another
            return True
        if await self._integrity.judge(segment) is not Verdict.DAMAGED:
            return True
        for way in rebuilds(segment, self._manifest.all(), self._manifest.dropped()):
            if await self._is_rebuilt(way):
                return True
        return False

    async def _is_rebuilt(self, way: Rebuild) -> bool:
        outcome = await self._runner.run(way.job, self._workshop.progress)
        made = way.accepted(outcome.add)
        if not made or outcome.damaged or outcome.foreign:
            return False
        await self._changes.swap(made, [segment.name for segment in way.replaces])
        _log.warning("A damaged segment was made anew.", extra={"segment": way.replaces[0].name})
        return True
