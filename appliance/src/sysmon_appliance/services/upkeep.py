"""Everything that keeps segments readable, put together."""

from dataclasses import dataclass
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.examining import Examiner, RowCheck
from sysmon_appliance.domain.integrity import Check, MendableShelf
from sysmon_appliance.domain.jobs import JobRunner
from sysmon_appliance.domain.segments import ManifestReader, ManifestWriter
from sysmon_appliance.domain.storekeeping import Workshop
from sysmon_appliance.services.checking import Checking
from sysmon_appliance.services.damage import DamageReports
from sysmon_appliance.services.integrity import Integrity
from sysmon_appliance.services.repair import Repair


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments, what is said of them, and how both are changed."""

    manifest: ManifestReader
    changes: ManifestWriter
    shelf: MendableShelf
    check_rows: RowCheck


@dataclass(frozen=True, slots=True)
class Upkeep:
    """`reports.run` and `checking.run` last."""

    reports: DamageReports
    checking: Checking
    repair: Repair

    @classmethod
    def over(
        cls,
        segments: Segments,
        barrier: Barrier,
        clock: Clock,
        *,
        runner: JobRunner,
        workshop: Workshop,
        last_check: Check | None,
        check_days: int,
    ) -> Self:
        integrity = Integrity(segments.manifest, segments.changes, Examiner(segments.shelf, segments.check_rows))
        return cls(
            reports=DamageReports(integrity),
            checking=Checking(
                segments.manifest,
                integrity,
                barrier,
                clock,
                runner=runner,
                workshop=workshop,
                last=last_check,
                every_days=check_days,
            ),
            repair=Repair(
                segments.manifest,
                segments.changes,
                integrity,
                runner=runner,
                workshop=workshop,
                barrier=barrier,
                clock=clock,
            ),
        )
