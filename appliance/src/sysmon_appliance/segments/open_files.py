"""Segment files that stay open, as opening one costs more than what is read of it."""

import threading
from collections import OrderedDict
from collections.abc import Container

from sysmon_appliance.domain.segments import Segment, SegmentShelf
from sysmon_appliance.segments.files import SegmentFile

MAX_IDLE = 256
"""Files that nobody reads just now; a file has one descriptor and some pages in memory."""


class OpenFiles:
    """Hands files to one thread at a time, and keeps those used last for the next."""

    def __init__(self, shelf: SegmentShelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._idle: OrderedDict[str, list[SegmentFile]] = OrderedDict()  # by name, the one used last at the end

    def take(self, segment: Segment) -> SegmentFile:
        """Open a segment, or take one that is open.

        Raises
        ------
        SegmentDamagedError, SegmentVersionError, StoreUnreachableError
            It cannot be read.
        """
        with self._lock:
            files = self._idle.get(segment.name)
            if files:
                file = files.pop()
                if not files:
                    del self._idle[segment.name]
                return file
        return SegmentFile.open(self._shelf.path(segment))

    def give(self, name: str, file: SegmentFile) -> None:
        """Take a file back, for whoever asks next."""
        with self._lock:
            self._idle.setdefault(name, []).append(file)
            self._idle.move_to_end(name)
            surplus = self._idle.popitem(last=False)[1] if len(self._idle) > MAX_IDLE else []
        _close(surplus)

    def keep_only(self, names: Container[str]) -> None:
        """Close all others, so that the room of files that were deleted is free again."""
        with self._lock:
            gone = [name for name in self._idle if name not in names]
            surplus = [file for name in gone for file in self._idle.pop(name)]
        _close(surplus)

    def close(self) -> None:
        self.keep_only(())


def _close(files: list[SegmentFile]) -> None:
    for file in files:
        file.close()
