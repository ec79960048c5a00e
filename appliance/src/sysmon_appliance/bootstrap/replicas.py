"""The replica of the live database, as the settings ask for it."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.replica import LineageBook, ReplicaStore
from sysmon_appliance.litestream.children import Litestream
from sysmon_appliance.litestream.configured import replica_location
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.programs import find_litestream
from sysmon_appliance.litestream.store import LitestreamStore
from sysmon_appliance.objectstore.book import ObjectBook
from sysmon_appliance.objectstore.configured import shelf_settings
from sysmon_appliance.objectstore.local import LocalObjects
from sysmon_appliance.objectstore.objects import FolderedObjects
from sysmon_appliance.objectstore.settings import ShelfSettings

_LOOKS_PER_TICK = 4
_LEAST_MILLISECONDS = 250
"""A copy that follows looks four times a tick for something new, but no more than four times a second: each costs."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """What stands on the replica's place."""

    store: ReplicaStore
    book: LineageBook


def replicas_of(settings: AggregatorSettings, clock: Clock) -> Replicas | None:
    """Make what the settings ask for; None where nothing is to be replicated.

    Raises
    ------
    ConfigError
        It cannot be done like this, or there is no Litestream.
    """
    shelf = shelf_settings(settings)
    location = replica_location(settings)
    if location is None:
        return None
    replica = settings.replica
    objects = _objects(location, shelf)
    store = LitestreamStore(
        Litestream(find_litestream(replica.litestream), location, clock, os.environ),
        objects,
        keep_hours=replica.keep_hours,
        follow_milliseconds=max(replica.tick_milliseconds // _LOOKS_PER_TICK, _LEAST_MILLISECONDS),
    )
    return Replicas(store, ObjectBook(objects))


def _objects(location: ReplicaLocation, shelf: ShelfSettings) -> FolderedObjects:
    if location.is_folder:
        return LocalObjects(Path(location.folder))
    from sysmon_appliance.objectstore.s3 import s3_objects  # noqa: PLC0415 - it loads obstore

    return s3_objects(replace(shelf, url=location.url))
