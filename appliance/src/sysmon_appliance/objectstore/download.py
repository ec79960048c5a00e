"""Bringing an object here: whole and compared, or not at all."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import SegmentDamagedError
from sysmon_appliance.files import sync_folder
from sysmon_appliance.objectstore.files import PARTIAL
from sysmon_appliance.objectstore.objects import ObjectMissingError, Objects

_ATTEMPTS = 2  # what comes damaged may have been damaged on its way


class Downloads:
    """Downloads that are under way; whoever wants the same meanwhile waits for it, and shares how it ends."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: dict[str, Future[None]] = {}

    def share(self, name: str, download: Callable[[], None]) -> None:
        """Return when the download of that name has ended, and raise what it raised."""
        with self._guard:
            is_first = name not in self._running
            running = self._running.setdefault(name, Future())
        if is_first:
            self._run(name, download, running)
        running.result()

    def _run(self, name: str, download: Callable[[], None], running: Future[None]) -> None:
        try:
            download()
        except BaseException as error:  # noqa: BLE001 - it is raised again in each thread that waits
            running.set_exception(error)
        else:
            running.set_result(None)
        finally:
            with self._guard:
                del self._running[name]


def download(objects: Objects, segment: Segment, place: Path) -> None:
    """Put a segment's object in its place.

    Raises
    ------
    SegmentDamagedError
        There is no such object, or it has other bytes than the manifest says.
    StoreUnreachableError, OSError
        It cannot be read, or not be written here.
    """
    try:
        if any(_download_once(objects, segment, place) for _ in range(_ATTEMPTS)):
            return
    except ObjectMissingError:
        raise SegmentDamagedError(
            f"The object store has no segment {segment.name}.", hint="sysmon storage repair"
        ) from None
    raise SegmentDamagedError(
        f"The object store gives other bytes for segment {segment.name} than were stored.",
        hint="sysmon storage repair",
    )


def digest_object(objects: Objects, name: str, size: int) -> str:
    """Read an object in full and return its SHA-256; ObjectMissingError where there is none."""
    found = hashlib.sha256()
    for part in objects.read(name, size):
        found.update(part)
    return found.hexdigest()


def _download_once(objects: Objects, segment: Segment, place: Path) -> bool:
    """Return whether what came is the segment; if so, it is in its place."""
    found = hashlib.sha256()
    with _partial(place) as file:
        for part in objects.read(segment.name, segment.bytes):
            found.update(part)
            file.write(part)
        if found.hexdigest() != segment.sha256:
            return False
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).rename(place)
    sync_folder(place.parent)
    return True


@contextmanager
def _partial(place: Path) -> Iterator[IO[bytes]]:
    """Make a file of mode 0600 beside a place; it is gone afterwards unless it was renamed."""
    with NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", suffix=PARTIAL, delete=False) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)
