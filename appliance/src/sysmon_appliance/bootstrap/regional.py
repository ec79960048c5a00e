"""Opening a node's part in its region: Consul, the replica, and its folders."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.bootstrap.nodes import own_node
from sysmon_appliance.bootstrap.region import Region
from sysmon_appliance.bootstrap.replicas import Replicas
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.consul.client import ConsulClient
from sysmon_appliance.consul.configured import key_prefix, node_name
from sysmon_appliance.consul.coordinator import ConsulCoordinator
from sysmon_appliance.consul.registration import ConsulRegistry
from sysmon_appliance.consul.session import ConsulSession
from sysmon_appliance.domain.registry import Registry
from sysmon_appliance.litestream.checking import check_database
from sysmon_appliance.services.leader_watch import Heard
from sysmon_appliance.services.leading import Leading
from sysmon_appliance.services.live_folders import LiveFolders
from sysmon_appliance.services.preparing import Preparation
from sysmon_appliance.services.region_topology import RegionTopology
from sysmon_appliance.services.standing_watch import StandingWatch
from sysmon_appliance.sqlite.lock import FolderLock

_BEAT_TIMEOUT_SECONDS = 0.9
"""Of what proves that this process lives: a beat is due each second."""

_TIMEOUT_SECONDS = 2.0

_CATALOGUE_TIMEOUT_SECONDS = 10.0
"""Of reading and entering hosts, for which nobody waits."""


def open_region(base: Base, replicas: Replicas, closing: ExitStack) -> Region:
    """Open everything that lives as long as the process; `closing` lets go of it.

    Raises
    ------
    ConfigError
        Consul cannot be spoken to like this.
    StorageError
        Another process uses the data folder.
    """
    settings, clock, store, book = base.settings, base.clock, replicas.store, replicas.book
    node = replace(own_node(base), name=node_name(settings.consul))
    folders = LiveFolders(Path(settings.data))
    closing.callback(FolderLock.take(folders.folder).release)
    beating = ConsulClient(settings.consul, timeout_seconds=_BEAT_TIMEOUT_SECONDS)
    session = ConsulSession(beating, node, clock, region=settings.region)
    coordinator = ConsulCoordinator(
        ConsulClient(settings.consul, timeout_seconds=_TIMEOUT_SECONDS),
        session,
        prefix=key_prefix(settings.consul, settings.region),
    )
    watch = StandingWatch(coordinator, clock)
    heard = Heard()
    return Region(
        base=base,
        node=node,
        session=session,
        coordinator=coordinator,
        store=store,
        book=book,
        folders=folders,
        heard=heard,
        leading=Leading(coordinator, store, book, folders, node=node, clock=clock, heard=lambda: heard.epoch),
        preparation=Preparation(store, folders, clock, check=check_database),
        watch=watch,
        topology=RegionTopology(node, coordinator, watch, clock, region=settings.region),
        registry=_registry(settings),
    )


def _registry(settings: AggregatorSettings) -> Registry | None:
    if settings.consul.register == "none":
        return None
    client = ConsulClient(settings.consul, timeout_seconds=_CATALOGUE_TIMEOUT_SECONDS)
    return ConsulRegistry(client, region=settings.region)
