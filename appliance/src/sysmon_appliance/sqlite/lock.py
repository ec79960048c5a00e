"""One aggregator per data folder."""

import fcntl
import os
from pathlib import Path

from sysmon_appliance.errors import StorageError


class FolderLock:
    """Holds a folder for this process, until released or until the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises
        ------
        StorageError
            Another process holds it; the message names it.
        OSError
            The folder can't be used.
        """
        self._descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            self.release()
            raise StorageError(
                f"Another aggregator (process {holder}) uses the data folder {folder}.", hint=f"ps -p {holder}"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)
