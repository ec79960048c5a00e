"""Segments in an object store, with local copies of those that were made or read last."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import StorageError, StoreUnreachableError
from sysmon_appliance.objectstore.download import Downloads, digest_object, download
from sysmon_appliance.objectstore.files import digest, is_segment_name
from sysmon_appliance.objectstore.folder import FolderShelf, explained
from sysmon_appliance.objectstore.objects import ObjectMissingError
from sysmon_appliance.objectstore.patience import Patience

_log = logging.getLogger(__name__)

_SPARED_NS = 60 * 10**9
"""A copy that was asked for so short a time before the newest one may be about to be opened, and stays."""


class CachedShelf:
    """The SegmentShelf over an object store; its folder is a cache, bounded by bytes and emptied by last use.

    The time of a file's last change is when it was last asked for, so all processes that use the folder agree on it.
    """

    def __init__(self, objects: Patience, folder: FolderShelf, *, cache_bytes: int) -> None:
        self.objects = objects
        self._folder = folder
        self._cache_bytes = cache_bytes
        self._downloads = Downloads()

    def keep(self, draft: Path, name: str) -> None:
        with explained(self._folder.folder):
            self._check_name(draft, name)
            self._store(draft, name)
        self._folder.keep(draft, name)
        self._trim()

    def path(self, segment: Segment) -> Path:
        while not self._use(segment):
            self._downloads.share(segment.name, lambda: self._fetch(segment))
        return self._folder.place(segment.name)

    def has_local(self, name: str) -> bool:
        return self._folder.has_local(name)

    def remove(self, name: str) -> None:
        self.objects.delete(name)
        self._folder.remove(name)

    def names(self) -> Iterable[str]:
        return {*filter(is_segment_name, self.objects.names()), *self._folder.names()}

    def tidy(self) -> None:
        self._folder.tidy()

    def ask(self) -> None:
        """Ask the store for the beginning of its list; raises StoreUnreachableError."""
        next(iter(self.objects.names()), None)

    def publish(self, segments: Iterable[Segment]) -> int:
        """Store what of these lies here alone, from before there was an object store; return how many that was.

        Raises
        ------
        StoreUnreachableError, StorageError
            Not all of it could be stored.
        """
        stored = set(self.objects.names())
        missing = [segment for segment in segments if segment.name not in stored]
        alone = [segment for segment in missing if self._folder.inspect(segment).local is Copy.WHOLE]
        for segment in alone:
            with explained(self._folder.folder):
                self._store(self._folder.place(segment.name), segment.name)
        return len(alone)

    def inspect(self, segment: Segment) -> Copies:
        return Copies(self._folder.inspect(segment).local, self._inspect_object(segment))

    def mend(self, segment: Segment, found: Copies) -> bool:
        if found.remote is Copy.WHOLE and found.local is Copy.DAMAGED:
            self._folder.remove(segment.name)  # it is fetched when it is wanted
        elif found.remote is not Copy.WHOLE and found.local is Copy.WHOLE:
            with explained(self._folder.folder):
                self._store(self._folder.place(segment.name), segment.name)
        return found.readable

    def _use(self, segment: Segment) -> bool:
        """Note that the local copy is used, which keeps it here; return whether there is one."""
        place = self._folder.place(segment.name)
        with explained(self._folder.folder):
            try:
                os.utime(place)
                return place.stat().st_size == segment.bytes
            except FileNotFoundError:
                return False

    def _fetch(self, segment: Segment) -> None:
        with explained(self._folder.folder):
            download(self.objects, segment, self._folder.place(segment.name))
        self._trim()

    def _check_name(self, draft: Path, name: str) -> None:
        """Refuse a name that stands for other bytes already; the same ones are from before a crash."""
        found = self.objects.size(name)
        if found is not None and digest_object(self.objects, name, found) != digest(draft):
            raise StorageError(f"There is another object under the name {name}.", hint="sysmon storage check")

    def _store(self, file: Path, name: str) -> None:
        """Put an object, and compare what the store gives back."""
        self.objects.put(name, file)
        try:
            found = digest_object(self.objects, name, file.stat().st_size)
        except ObjectMissingError:
            found = ""
        if found != digest(file):
            self.objects.delete(name)
            raise StorageError(
                f"The object store {self.objects.url} gives back other bytes than were stored.",
                hint="sysmon storage status",
            )

    def _inspect_object(self, segment: Segment) -> Copy:
        found = self.objects.size(segment.name)
        if found is None:
            return Copy.MISSING
        is_whole = found == segment.bytes and digest_object(self.objects, segment.name, found) == segment.sha256
        return Copy.WHOLE if is_whole else Copy.DAMAGED

    def _trim(self) -> None:
        """Let go of the copies that were not used for longest, until the rest has room.

        Only of copies: what is not in the object store, from before there was one, is all there is of its segment.
        """
        try:
            self._remove_oldest()
        except StorageError as error:  # what was asked of the shelf is done all the same
            _log.warning("Copies of segments could not be removed.", extra={"problem": error.message})

    def _remove_oldest(self) -> None:
        files = sorted(self._folder.files(), key=lambda file: file.used_ns)
        surplus = sum(file.bytes for file in files) - self._cache_bytes
        for file in files:
            if surplus <= 0 or files[-1].used_ns - file.used_ns < _SPARED_NS:
                return
            if self._is_stored(file.name, file.bytes):
                self._folder.remove(file.name)
                surplus -= file.bytes

    def _is_stored(self, name: str, size: int) -> bool:
        try:
            return self.objects.size(name) == size
        except StoreUnreachableError:
            _log.debug("A copy stays, as the object store cannot be asked for the original.", extra={"segment": name})
            return False
