"""Segments in a local folder, which is all the store there is where no object store is configured."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import SegmentDamagedError, StorageError
from sysmon_appliance.files import make_private_folder, sync_folder
from sysmon_appliance.objectstore.files import PARTIAL, digest, digest_from_disk, is_segment_name


@dataclass(frozen=True, slots=True)
class ShelvedFile:
    """A file on the shelf as the folder lists it."""

    name: str
    bytes: int
    used_ns: int  # time of its last change


class FolderShelf:
    """The SegmentShelf over a folder of mode 0700, in which a file is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with explained(folder):
            make_private_folder(folder)

    def keep(self, draft: Path, name: str) -> None:
        place = self.place(name)
        with explained(self.folder):
            if place.exists():
                _drop_twin(draft, place)
                return
            partial = _beside(draft, place)
            _check_read_back(draft, partial)
            partial.chmod(0o600)
            partial.rename(place)
            sync_folder(self.folder)
            draft.unlink(missing_ok=True)

    def path(self, segment: Segment) -> Path:
        place = self.place(segment.name)
        with explained(self.folder):
            found = place.stat().st_size if place.exists() else None
        if found != segment.bytes:
            raise SegmentDamagedError(
                f"The file of segment {segment.name} {'is gone' if found is None else f'has {found} bytes'},"
                f" where the manifest says {segment.bytes} bytes.",
                hint="sysmon storage repair",
            )
        return place

    def has_local(self, name: str) -> bool:
        return self.place(name).is_file()

    def remove(self, name: str) -> None:
        with explained(self.folder):
            self.place(name).unlink(missing_ok=True)

    def names(self) -> Iterable[str]:
        return [file.name for file in self.files()]

    def files(self) -> Sequence[ShelvedFile]:
        """List what is here, in no order."""
        with explained(self.folder), os.scandir(self.folder) as entries:
            return [file for entry in entries if is_segment_name(entry.name) and (file := _listed(entry))]

    def tidy(self) -> None:
        """Remove what is left of copies that a crash cut short; only while no other process uses the folder."""
        with explained(self.folder):
            for partial in self.folder.glob(f".*{PARTIAL}"):
                partial.unlink(missing_ok=True)

    def inspect(self, segment: Segment) -> Copies:
        place = self.place(segment.name)
        with explained(self.folder):
            if not place.exists():
                return Copies(Copy.MISSING)
            return Copies(Copy.WHOLE if _is_whole(place, segment) else Copy.DAMAGED)

    def mend(self, segment: Segment, found: Copies) -> bool:  # noqa: ARG002 - there is no other copy to take
        return found.readable

    def place(self, name: str) -> Path:
        """Return where a file of that name lies, or would."""
        return self.folder / name


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the system says about the folder of segments into an error that says what to do.

    Raises
    ------
    StorageError
        In place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The folder of segments {folder} cannot be used: {error.strerror or error}.",
            hint=f"df {folder}" if error.errno in {errno.ENOSPC, errno.EDQUOT} else f"ls -ld {folder}",
        ) from error


def _listed(entry: os.DirEntry[str]) -> ShelvedFile | None:
    try:
        found = entry.stat()
    except FileNotFoundError:  # removed meanwhile
        return None
    return ShelvedFile(entry.name, found.st_size, found.st_mtime_ns)


def _is_whole(place: Path, segment: Segment) -> bool:
    try:
        return place.stat().st_size == segment.bytes and digest(place) == segment.sha256
    except OSError as error:
        if error.errno == errno.EIO:  # the disk cannot read its own sectors
            return False
        raise


def _drop_twin(draft: Path, place: Path) -> None:
    """Let go of a draft that was kept before; a crash came between that and its removal."""
    if digest(draft) != digest(place):
        raise StorageError(f"There is another segment under the name {place.name}.", hint="sysmon storage check")
    draft.unlink()


def _beside(draft: Path, place: Path) -> Path:
    """Return the draft itself where a rename can put it in its place, else a copy that is on the same filesystem."""
    if draft.stat().st_dev == place.parent.stat().st_dev:
        return draft
    return Path(shutil.copyfile(draft, place.with_name(f".{place.name}{PARTIAL}")))


def _check_read_back(draft: Path, partial: Path) -> None:
    written = digest(draft)
    if digest_from_disk(partial) != written:
        raise StorageError(
            f"The disk of {partial.parent} gives back other bytes than were written.", hint="journalctl -k -n 50"
        )
