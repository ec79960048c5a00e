"""The files of a spool as a whole: which one is written, which go, and what is done when there is no room."""

import errno
import logging
import os
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import SpoolSettings
from sysmon_agent.spool.files import Appender, SpoolFile, file_name
from sysmon_agent.spool.recovery import Recovered
from sysmon_agent.spool.state import sync_folder
from sysmon_agent.wire.messages import Gap, GapReason

_log = logging.getLogger(__name__)

ROTATE_BYTES = 1 << 20
ROTATE_MS = 300_000
_FULL = {errno.ENOSPC, errno.EDQUOT}

Compose = Callable[[Appender], bytes]
"""Returns what to write, given the file that it will lie in."""


def _first(file: SpoolFile) -> int:
    return file.first


class Store:
    """Speaks in serials, and knows nothing of streams."""

    def __init__(self, settings: SpoolSettings, clock: Clock, found: Recovered) -> None:
        self._settings = settings
        self._clock = clock
        self._rotate_bytes = min(ROTATE_BYTES, settings.max_bytes // 16)
        self._next_file = found.next_file
        self._appender: Appender | None = None
        self.files = found.files
        self.gaps = found.gaps
        self.deleted = found.state.deleted  # the highest serial of a file that was delivered and removed
        self.unwritten: list[Gap] = []  # declared among older serials, and not on disk yet
        self.used_bytes = sum(file.size for file in found.files)

    def write(self, compose: Compose, *, first: int, need: int, durable: int) -> Appender:
        """Append to the file that is being written, or to a new one that may hold serials from `first` on.

        When this returns the data survives a power cut. `need` is roughly how many bytes will be written.

        Raises
        ------
        OSError
            Nothing was written: there is no room that the policy allows to take, or the disk fails.
        """
        while True:
            self._make_room(need, durable)
            try:
                return self._append(compose, first)
            except OSError as error:
                self._recover_from(error, durable)

    def expire(self, durable: int) -> bool:
        """Remove files that were delivered long enough ago; say whether there were any.

        What counts is when a file was delivered, not how old its ticks are: those of a long outage are the last that
        should be missing after a restore.
        """
        now_ms, deleted = self._clock.boot_ms(), self.deleted
        self._note_delivered(durable, now_ms)
        while len(self.files) > 1 and self._is_expired(self.files[0], now_ms):
            self._remove_delivered()
        return self.deleted > deleted

    def holding(self, serial: int) -> list[SpoolFile]:
        """Return the file that may hold a serial, and all after it."""
        return self.files[max(bisect_right(self.files, serial, key=_first) - 1, 0) :]

    def rotate(self) -> None:
        """End the file that is being written."""
        if self._appender:
            self._appender.close()
            self._appender = None

    # Writing

    def _append(self, compose: Compose, first: int) -> Appender:
        appender = self._current(first)
        data = compose(appender)
        appender.append(data)
        self.used_bytes += len(data)
        return appender

    def _current(self, first: int) -> Appender:
        if self._appender and self._is_due(self._appender):
            self.rotate()
        if not self._appender:
            self._appender = self._create(first)
        return self._appender

    def _is_due(self, appender: Appender) -> bool:
        age_ms = self._clock.boot_ms() - appender.created_ms
        # What is written to a file that someone has removed could never be read.
        removed = not os.path.exists(appender.file.path)
        return removed or appender.file.size >= self._rotate_bytes or age_ms >= ROTATE_MS

    def _create(self, first: int) -> Appender:
        path = file_name(self._settings.directory, self._next_file)
        self._next_file += 1
        file = SpoolFile(path, first, first - 1, 0)
        appender = Appender(file, self._clock.boot_ms())
        self.files.append(file)
        sync_folder(self._settings.directory)
        return appender

    def _recover_from(self, error: OSError, durable: int) -> None:
        """Make another attempt possible, or raise the error."""
        if error.errno == errno.EFBIG and self._appender and self._appender.file.size:
            self.rotate()
        elif error.errno not in _FULL or not self._drop_oldest(durable):
            raise error

    # Room

    def _make_room(self, need: int, durable: int) -> None:
        """Drop files until `need` bytes fit.

        Where others fill the disk, the spool gives up just what it takes itself: it does not grow, nor does it
        throw everything away in a race that it would lose.
        """
        freed = 0
        while need > min(self._settings.max_bytes - self.used_bytes, max(self._free_bytes(), freed)):
            before = self.used_bytes
            if not self._drop_oldest(durable):
                raise OSError(errno.ENOSPC, "the spool is full")
            freed += before - self.used_bytes

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._settings.directory)
        return disk.f_bavail * disk.f_frsize - self._settings.min_free_bytes

    def _drop_oldest(self, durable: int) -> bool:
        """Remove the oldest file if the policy allows; say whether it did."""
        if not self.files:
            return False
        oldest = self.files[0]
        delivered = oldest.last <= durable
        if not delivered and self._settings.when_full == "drop_newest":
            return False
        if delivered:
            self._remove_delivered()
        else:
            self._remove_oldest()
            self._declare_dropped(max(oldest.first, durable + 1), oldest.last, durable)
        return True

    def _declare_dropped(self, first: int, last: int, durable: int) -> None:
        _log.warning("The spool is full; its oldest ticks are dropped.", extra={"dropped": last - first + 1})
        self.gaps.add(Gap(first, last, GapReason.SPOOL_FULL))
        # The removed file may have held older declarations too, so all of them are written again.
        newer = [gap for gap in self.unwritten if gap.first > last]
        self.unwritten = [*self.gaps.between(durable + 1, last), *newer]

    def _remove_delivered(self) -> None:
        self.deleted = max(self.deleted, self.files[0].last)
        self._remove_oldest()
        self.gaps.forget(self.deleted)

    def _remove_oldest(self) -> None:
        oldest = self.files[0]
        if self._appender and self._appender.file is oldest:
            self.rotate()
        with suppress(FileNotFoundError):  # someone was faster
            os.unlink(oldest.path)
        del self.files[0]
        self.used_bytes -= oldest.size

    def _note_delivered(self, durable: int, now_ms: int) -> None:
        for file in self.files:
            if file.last > durable:
                file.delivered_ms = None
            elif file.delivered_ms is None:
                file.delivered_ms = now_ms

    def _is_expired(self, file: SpoolFile, now_ms: int) -> bool:
        delivered_ms = file.delivered_ms
        return delivered_ms is not None and now_ms - delivered_ms >= self._settings.keep_seconds * 1000
