"""What the services of one term stand on: the base, a live database, and what makes its changes last."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sysmon_agent.clock import Clock
from sysmon_appliance.bootstrap.base import Base, Listeners, Pki
from sysmon_appliance.bootstrap.replicated import Replicated
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.backups import TermControl
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.durability import AtOnce, Watermark
from sysmon_appliance.domain.registry import Registry
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.topology import StandbyReports, Topology
from sysmon_appliance.errors import NotLeaderError
from sysmon_appliance.objectstore.shelves import Shelf
from sysmon_appliance.sqlite.audit import AuditLog
from sysmon_appliance.sqlite.contents import Contents
from sysmon_appliance.sqlite.head import Head
from sysmon_appliance.sqlite.manifest import Manifest
from sysmon_appliance.sqlite.usage import Usage

Lasting = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs from start to end, until it is cancelled."""


class Storing(Barrier, Protocol):
    """Commits; what it has settled is stored."""

    @property
    def waiting(self) -> int:
        """Submissions that are not settled yet."""

    async def close(self) -> None:
        """Commit what has been submitted; nothing may be submitted afterwards."""


class Database(Protocol):
    """A live database as readers see it: one that is led with, or a copy that follows."""

    state: State
    head: Head
    usage: Usage
    contents: Contents
    audit: AuditLog
    manifest: Manifest

    @property
    def path(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all parts stand on.

    `storing` settles what is committed, `barrier` what is durable; of a single aggregator without replica they are one.
    """

    base: Base
    listeners: Listeners
    database: Database
    storing: Storing
    barrier: Barrier
    topology: Topology | None = None
    watermark: Watermark = field(default_factory=AtOnce)
    on_higher_epoch: Callable[[int], None] | None = None  # None where the epoch is ours to raise
    reports: StandbyReports | None = None  # where standbys may be
    mark: Callable[[], int] = int  # returns the newest mark that is committed
    terms: TermControl | None = None  # where another term can follow
    replicated: Replicated | None = None  # where there is a replica
    refuse: Callable[[], NotLeaderError] | None = None  # where another node leads: says which
    registry: Registry | None = None  # where hosts are shown to others
    also: Sequence[Lasting] = ()  # what runs beside the services

    @property
    def settings(self) -> AggregatorSettings:
        return self.base.settings

    @property
    def shelf(self) -> Shelf:
        return self.base.shelf

    @property
    def pki(self) -> Pki:
        return self.base.pki

    @property
    def clock(self) -> Clock:
        return self.base.clock
