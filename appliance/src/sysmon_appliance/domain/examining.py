"""Finding out whether a segment can be read."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from sysmon_appliance.domain.integrity import MendableShelf
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError

RowCheck = Callable[[Path], None]
"""Reads every row of a segment's file; raises SegmentDamagedError or SegmentVersionError."""


class Verdict(StrEnum):
    """What was found of a segment."""

    WHOLE = "whole"
    MENDED = "mended"  # one copy was bad, and is replaced by what is whole
    FOREIGN = "foreign"  # whole, and of a later release
    DAMAGED = "damaged"  # no copy can be read


class Examiner:
    """Reads all copies of a segment, in full. Blocks: for worker threads and for the compacting process."""

    def __init__(self, shelf: MendableShelf, check_rows: RowCheck) -> None:
        self._shelf = shelf
        self._check_rows = check_rows

    def examine(self, segment: Segment) -> Verdict:
        """Read every copy, and replace bad ones by what is whole.

        Raises
        ------
        StoreUnreachableError, StorageError
            A copy could not be looked at, which says nothing of the segment.
        """
        found = self._shelf.inspect(segment)
        if not found.sound and not self._shelf.mend(segment, found):
            return Verdict.DAMAGED
        try:
            self._read_rows(segment)
        except SegmentDamagedError:  # it was written like this
            return Verdict.DAMAGED
        except SegmentVersionError:
            return Verdict.FOREIGN
        return Verdict.WHOLE if found.sound else Verdict.MENDED

    def _read_rows(self, segment: Segment) -> None:
        """Look into the file that is here; an object that is not has the bytes of one that was looked into before."""
        if self._shelf.has_local(segment.name):
            self._check_rows(self._shelf.path(segment))
