"""Segments: immutable, compressed files of older ticks, and the manifest that says which of them count.

A segment is in force from the commit that adds it to the manifest to the commit that drops it. What it replaces goes
in the same commit, be it batches of the head or other segments, so at any moment every tick is in force exactly once.
The file is written and read back before the first of these commits, and deleted well after the second; a name is
never used twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sysmon_appliance.domain.changes import Change

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


class Kind(StrEnum):
    """What the rows of a segment are."""

    RAW = "raw"  # ticks
    MINUTE = "minute"  # rollups of a minute
    HOUR = "hour"  # rollups of an hour
    TABLES = "tables"  # rows of tables, such as the top processes


BUCKET_MS = {Kind.MINUTE: MINUTE_MS, Kind.HOUR: HOUR_MS}
"""How much time one rollup of a kind spans; buckets begin at multiples of it since 1970."""


class Level(StrEnum):
    """How far a segment has been merged."""

    SEALED = "sealed"  # as it left the head
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Segment:
    """One file, as the manifest knows it; times are UTC days and ticks, both ends included."""

    number: int  # row number in the manifest; 0 before it is there
    name: str  # of file and object, such as raw-day-20261124-3f9c….sqlite; never used twice
    kind: Kind
    level: Level
    start_ms: int  # earliest tick, corrected
    end_ms: int  # latest tick, corrected
    first_host: int  # smallest Host.key in it
    last_host: int  # largest Host.key in it
    hosts: int
    ticks: int  # summed over hosts; of rollups, buckets
    samples: int  # values that are not missing; of rollups, the values that they stand for
    bytes: int
    sha256: str  # 64 hexadecimal digits, of the whole file
    created_ms: int
    damaged_ms: int = 0  # when it was found damaged and set aside; 0 while it is whole
    dropped_ms: int = 0  # when it went out of force; its file waits for deletion

    @property
    def days(self) -> range:
        """The days that it reaches into, counted since 1970; of clocks that were wrong it may be millions."""
        return range(self.start_ms // DAY_MS, self.end_ms // DAY_MS + 1)

    def days_within(self, from_ms: int, to_ms: int) -> range:
        """List those of its days that lie in from_ms..to_ms, both included."""
        return range(max(self.start_ms, from_ms) // DAY_MS, min(self.end_ms, to_ms) // DAY_MS + 1)

    def may_hold(self, host: int, from_ms: int, to_ms: int) -> bool:
        """Whether it may have something of a host in from_ms..to_ms, both included."""
        return self.first_host <= host <= self.last_host and self.start_ms <= to_ms and self.end_ms >= from_ms

    def shares_hosts(self, other: "Segment") -> bool:
        """Whether both may have something of one host."""
        return self.first_host <= other.last_host and self.last_host >= other.first_host

    def overlaps(self, other: "Segment") -> bool:
        """Whether both may have something of one host at one time."""
        return self.shares_hosts(other) and self.start_ms <= other.end_ms and self.end_ms >= other.start_ms


@dataclass(frozen=True, slots=True)
class SwapSegments(Change):
    """Bring segments into force in place of what they hold: other segments, or the head's batches up to a number."""

    add: tuple[Segment, ...]
    drop: tuple[str, ...] = ()  # names
    sealed_up_to: int = 0  # row number of the newest batch that `add` holds; 0 where nothing was sealed
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ForgetSegments(Change):
    """Remove dropped segments from the manifest, after their files were deleted."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAside(Change):
    """Note that a segment is damaged since a moment, or with 0 that it is whole again."""

    name: str
    damaged_ms: int


class ManifestReader(Protocol):
    """Which segments are in force; answered from memory, safe in any thread."""

    def all(self) -> Sequence[Segment]:
        """List segments in force, damaged ones included, by kind and earliest tick."""

    def dropped(self) -> Sequence[Segment]:
        """List segments that are out of force and whose files wait for deletion."""


class SegmentShelf(Protocol):
    """Where segment files lie: a folder, and an object store behind it where one is configured.

    Every call blocks: for worker threads and for the compacting process.
    """

    def keep(self, draft: Path, name: str) -> None:
        """Make a finished file last under its name: stored, read back and compared, then on the shelf.

        Raises
        ------
        StoreUnreachableError, StorageError
            It does not last; the draft is still there and may be kept later.
        """

    def path(self, segment: Segment) -> Path:
        """Return a local file with the segment's bytes, fetched and compared if it is not there yet.

        A file that is open stays readable even when the shelf lets go of it.

        Raises
        ------
        SegmentDamagedError
            What the store gives are not the segment's bytes, or it has none.
        StoreUnreachableError
            The store cannot be asked now.
        """

    def has_local(self, name: str) -> bool:
        """Whether the file is here and need not be fetched."""

    def remove(self, name: str) -> None:
        """Delete the file wherever it lies; one that is gone already is fine."""

    def names(self) -> Iterable[str]:
        """List every name in the store, in no order."""


class ManifestWriter(Protocol):
    """Changes the manifest; belongs to the event loop."""

    @property
    def sealed_up_to(self) -> int:
        """The row number of the newest batch that is in a segment."""

    async def swap(
        self,
        add: Sequence[Segment],
        drop: Sequence[str] = (),
        *,
        sealed_after: int = 0,
        sealed_up_to: int = 0,
        also: Sequence[Change] = (),
    ) -> Sequence[Segment]:
        """Commit a SwapSegments, and return what was added with its numbers.

        Whoever has sealed says from which row number on, exclusively, up to which. What belongs to it is committed
        with it, or not at all.

        Raises
        ------
        ConflictError
            A segment that is to be dropped is not in force any more, or its batches are sealed already.
        RefusedError
            It could not be committed.
        """

    async def set_aside(self, name: str, *, damaged: bool) -> None:
        """Commit whether a segment is damaged."""

    async def forget(self, names: Sequence[str]) -> None:
        """Commit that dropped segments are gone for good."""
