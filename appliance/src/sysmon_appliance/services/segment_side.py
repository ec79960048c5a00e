"""Everything that keeps segments, put together over the ports that do the work."""

from dataclasses import dataclass
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.jobs import JobRunner
from sysmon_appliance.domain.planning import Rules
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.domain.segments import ManifestReader, SegmentShelf
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.usage import HeadUsage
from sysmon_appliance.services.manifest import ManifestChanges
from sysmon_appliance.services.removal import Removal
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.storekeeping import SegmentKeeper
from sysmon_appliance.services.sweeping import Sweeper


@dataclass(frozen=True, slots=True)
class Parts:
    """What the services stand on."""

    manifest: ManifestReader
    usage: HeadUsage
    shelf: SegmentShelf
    runner: JobRunner
    barrier: Barrier
    clock: Clock


@dataclass(frozen=True, slots=True)
class SegmentSide:
    """The services that move ticks from the head into segments; `keeper.run` and `removal.run` last."""

    changes: ManifestChanges
    keeper: SegmentKeeper
    removal: Removal
    room: HeadRoom

    @classmethod
    def over(cls, parts: Parts, state: State, settings: AggregatorSettings) -> Self:
        last_number = max((segment.number for segment in state.segments), default=0)
        changes = ManifestChanges(
            parts.manifest, parts.barrier, parts.clock, sealed_up_to=state.sealed_up_to, last_number=last_number
        )
        room = HeadRoom(settings.head.max_bytes)
        return cls(
            changes=changes,
            keeper=_keeper(parts, changes, state, settings),
            removal=Removal(parts.usage, changes, parts.barrier, parts.clock, room=room),
            room=room,
        )


def _keeper(parts: Parts, changes: ManifestChanges, state: State, settings: AggregatorSettings) -> SegmentKeeper:
    sweeper = Sweeper(
        parts.shelf,
        parts.manifest,
        changes,
        parts.clock,
        cluster_id=state.cluster_id,
        keep_dropped_ms=1000 * settings.segments.keep_dropped_seconds,
    )
    rules = Rules(
        seal_after_ms=1000 * settings.segments.seal_after_seconds,
        seal_bytes=settings.segments.seal_bytes,
        monthly=policy_of(settings.retention).monthly,
    )
    return SegmentKeeper(
        parts.runner, parts.manifest, changes, parts.usage, sweeper=sweeper, rules=rules, clock=parts.clock
    )
