"""Whether the copies of a segment are what the manifest says, and what can be done where one is not."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.segments import Segment, SegmentShelf


class Copy(StrEnum):
    """What is found of a segment in one place."""

    WHOLE = "whole"
    DAMAGED = "damaged"  # other bytes than were written
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Copies:
    """What is found of a segment in all places."""

    local: Copy
    remote: Copy | None = None  # in the object store; None where none is configured

    @property
    def readable(self) -> bool:
        """Whether a whole copy is anywhere."""
        return Copy.WHOLE in {self.local, self.remote}

    @property
    def sound(self) -> bool:
        """Whether nothing is to be done: the object is whole, and what is here is so too, or not here at all."""
        if self.remote is None:
            return self.local is Copy.WHOLE
        return self.remote is Copy.WHOLE and self.local is not Copy.DAMAGED


class SegmentCopies(Protocol):
    """Reads copies of segments in full, and makes bad ones good from whole ones. Calls block."""

    def inspect(self, segment: Segment) -> Copies:
        """Read and compare every copy.

        Raises
        ------
        StoreUnreachableError, StorageError
            A place cannot be asked now, which says nothing of the segment.
        """

    def mend(self, segment: Segment, found: Copies) -> bool:
        """Replace what is damaged or missing by what is whole; return whether the segment can be read now.

        Raises
        ------
        StoreUnreachableError, StorageError
            It could not be written.
        """


class MendableShelf(SegmentShelf, SegmentCopies, Protocol):
    """A shelf that can be checked."""


@dataclass(frozen=True, slots=True)
class Check:
    """How far a check of all segments is, or how it ended."""

    started_ms: int
    of: int  # segments
    checked: int = 0
    damaged: tuple[str, ...] = ()  # names of those that cannot be read, neither here nor from the object store
    unread: int = 0  # segments that could not be looked at, as the object store did not answer
    ended_ms: int = 0  # 0 while it runs


@dataclass(frozen=True, slots=True)
class NoteCheck(Change):
    """Keep how the newest check ended."""

    check: Check
