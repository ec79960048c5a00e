"""One aggregator per data folder."""

import fcntl
import os
from pathlib import Path
from typing import Self

from sysmon_appliance.errors import StorageError


class FolderLock:
    """Holds a folder until it is released or the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Take a folder, which must exist.

        Raises
        ------
        StorageError
            Another process holds it.
        OSError
            It cannot be written.
        """
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(folder, descriptor) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def _in_use(folder: Path, descriptor: int) -> StorageError:
    owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
    os.close(descriptor)
    return StorageError(f"Another aggregator, process {owner}, uses the data folder {folder}.", hint=f"ps -p {owner}")
