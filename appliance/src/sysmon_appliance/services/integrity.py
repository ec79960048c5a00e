"""Setting aside segments that cannot be read, and taking them back once they can."""

import asyncio
import logging

from sysmon_appliance.domain.examining import Examiner, Verdict
from sysmon_appliance.domain.segments import ManifestReader, ManifestWriter, Segment

_log = logging.getLogger(__name__)


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
