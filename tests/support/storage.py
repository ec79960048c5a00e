"""Segments, the head and their keeper as values, for what only asks how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sysmon_agent.clock import Clock
from sysmon_appliance.config import RetentionSettings, SegmentSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment
from sysmon_appliance.domain.storekeeping import Disk, HeadContents, ObjectStoreState, Storekeeping
from sysmon_appliance.errors import StorageError
from sysmon_appliance.services.remembered import Remembered
from sysmon_appliance.services.storage import Kept, Storage

DAY = 20_000
"""2024-10-04, counted in days since 1970."""


def segment(
    kind: Kind = Kind.RAW,
    level: Level = Level.DAY,
    *,
    day: int = DAY,
    days: int = 1,
    hosts: tuple[int, int] = (1, 1),
    **fields: object,
) -> Segment:
    """Make a segment of whole days, with every host between two keys."""
    values: dict[str, object] = {
        "number": day,
        "name": f"{kind}-{level}-{day}-{hosts[0]}.sqlite",
        "start_ms": day * DAY_MS,
        "end_ms": (day + days) * DAY_MS - 1,
        "hosts": hosts[1] - hosts[0] + 1,
        "ticks": 8640,
        "samples": 864_000,
        "bytes": 500_000,
        "sha256": "0" * 64,
        "created_ms": (day + days) * DAY_MS,
    }
    values |= {"kind": kind, "level": level, "first_host": hosts[0], "last_host": hosts[1]} | fields
    return Segment(**values)  # type: ignore[arg-type] # of the fields' own types


@dataclass
class ListManifest:
    """A ManifestReader over a list."""

    segments: list[Segment] = field(default_factory=list)

    def all(self) -> Sequence[Segment]:
        return [each for each in self.segments if not each.dropped_ms]

    def dropped(self) -> Sequence[Segment]:
        return [each for each in self.segments if each.dropped_ms]


@dataclass
class IdleKeeper:
    """A Storekeeper that does nothing, and counts how often it is asked to."""

    status: Storekeeping = field(default_factory=Storekeeping)
    seals: int = 0

    def seal_soon(self) -> None:
        self.seals += 1


@dataclass
class StoredThings:
    """All that a Storage looks at, to be set by a test."""

    manifest: ListManifest = field(default_factory=ListManifest)
    keeper: IdleKeeper = field(default_factory=IdleKeeper)
    head: HeadContents = field(default_factory=lambda: HeadContents(0, 1 << 16, 1 << 20, None, None))
    disk: Disk = field(default_factory=lambda: Disk("/var/lib/sysmon/segments", 100 << 30, 50 << 30))
    object_store: ObjectStoreState | None = None
    elsewhere: set[str] = field(default_factory=set)
    """Names of segments that are in the object store alone."""

    fails: bool = False  # whether the database cannot be read

    def contents(self) -> HeadContents:
        if self.fails:
            raise StorageError("The database cannot be read.")
        return self.head

    def storage(
        self,
        directory: HostDirectory,
        barrier: Barrier,
        clock: Clock,
        retention: Remembered | None = None,
    ) -> Storage:
        kept = Kept(
            self.manifest,
            has_local=lambda name: name not in self.elsewhere,
            head=self,
            disk=lambda: self.disk,
            object_store=lambda: self.object_store,
        )
        return Storage(
            kept,
            self.keeper,
            directory,
            barrier=barrier,
            clock=clock,
            retention=retention or Remembered(RetentionSettings(), 0),
            settings=SegmentSettings(),
        )
