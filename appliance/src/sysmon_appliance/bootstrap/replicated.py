"""What belongs to an aggregator whose live database has a replica, alone or with others."""

from dataclasses import dataclass

from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.domain.replica import LineageBook, ReplicaStore
from sysmon_appliance.services.cautious_clock import CautiousClock
from sysmon_appliance.services.live_folders import LiveFolders
from sysmon_appliance.services.pruning import Pruning


@dataclass(frozen=True, slots=True)
class Replicated:
    """The replica of one term."""

    store: ReplicaStore
    book: LineageBook
    path: str  # that this term writes
    folders: LiveFolders


def pruning_of(base: Base, store: ReplicaStore, book: LineageBook, path: str) -> Pruning:
    """Return what deletes old paths while this one is written."""
    keep_hours = base.settings.replica.keep_hours
    return Pruning(store, book, CautiousClock(base.clock), keep_hours=keep_hours, current=path)
