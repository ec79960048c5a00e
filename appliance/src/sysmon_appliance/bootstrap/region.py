"""What one of several aggregators has beside the base: the coordinator, the replica, and its own place on disk."""

from dataclasses import dataclass

from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.domain.leadership import Coordinator, Node, Session
from sysmon_appliance.domain.registry import Registry
from sysmon_appliance.domain.replica import LineageBook, ReplicaStore
from sysmon_appliance.services.leader_watch import Heard
from sysmon_appliance.services.leading import Leading
from sysmon_appliance.services.live_folders import LiveFolders
from sysmon_appliance.services.preparing import Preparation
from sysmon_appliance.services.region_topology import RegionTopology
from sysmon_appliance.services.standing_watch import StandingWatch


@dataclass(frozen=True, slots=True)
class Region:
    """One node's part in its region; lives as long as the process."""

    base: Base
    node: Node
    session: Session
    coordinator: Coordinator
    store: ReplicaStore
    book: LineageBook
    folders: LiveFolders
    heard: Heard
    leading: Leading
    preparation: Preparation
    watch: StandingWatch
    topology: RegionTopology
    registry: Registry | None  # None where hosts are entered nowhere
