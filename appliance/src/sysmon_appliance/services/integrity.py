"""Judging whether segments can be read, and setting aside those that cannot."""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from sysmon_appliance.domain.integrity import MendableShelf
from sysmon_appliance.domain.segments import ManifestReader, ManifestWriter, Segment
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError

_log = logging.getLogger(__name__)

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


class Integrity:
    """Keeps the manifest true to what can be read. Belongs to the event loop."""

    def __init__(self, manifest: ManifestReader, changes: ManifestWriter, examiner: Examiner) -> None:
        self._manifest = manifest
        self._changes = changes
        self._examiner = examiner

    def in_force(self, name: str) -> Segment | None:
        """Return what the manifest says now of a segment; None once it was replaced or has expired."""
        return next((segment for segment in self._manifest.all() if segment.name == name), None)

    async def judge(self, segment: Segment) -> Verdict:
        """Examine a segment, mend its copies, and let the manifest say what came of it.

        Raises
        ------
        StoreUnreachableError, StorageError
            Nothing was found out.
        RefusedError
            What was found out could not be committed.
        """
        return await self.settle(segment.name, await asyncio.to_thread(self._examiner.examine, segment))

    async def settle(self, name: str, verdict: Verdict) -> Verdict:
        """Let the manifest say what was found of a segment; what is not in force any more is no damage.

        Raises
        ------
        RefusedError
            It could not be committed.
        """
        segment = self.in_force(name)
        if segment is None:  # its file is perhaps deleted, too
            return Verdict.WHOLE
        if verdict is Verdict.MENDED:
            _log.warning("A bad copy of a segment was replaced.", extra={"segment": name})
        if verdict is Verdict.DAMAGED:
            await self.set_aside(segment)
        elif segment.damaged_ms:
            await self._changes.set_aside(name, damaged=False)
            _log.warning("A segment can be read again.", extra={"segment": name})
        return verdict

    async def set_aside(self, segment: Segment) -> None:
        """Leave a segment out of answers from now on."""
        if segment.damaged_ms:
            return
        await self._changes.set_aside(segment.name, damaged=True)
        _log.error(
            "A segment is damaged and is left out.",
            extra={"segment": segment.name, "from_ms": segment.start_ms, "to_ms": segment.end_ms},
        )
