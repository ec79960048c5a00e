"""What belongs to an aggregator whose live database has a replica, alone or with others."""

from dataclasses import dataclass

from sysmon_appliance.domain.replica import LineageBook, ReplicaStore
from sysmon_appliance.services.live_folders import LiveFolders


@dataclass(frozen=True, slots=True)
class Replicated:
    """The replica of one term."""

    store: ReplicaStore
    book: LineageBook
    path: str  # that this term writes
    folders: LiveFolders
