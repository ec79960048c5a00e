"""One agent per folder."""

import errno
import fcntl
import os
from typing import Self

from sysmon_agent.errors import SpoolError, SpoolInUseError


class FolderLock:
    """Holds a folder until it is released or the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: str) -> Self:
        """Take a folder, making it if need be.

        Raises
        ------
        SpoolInUseError
            Another process holds it.
        SpoolError
            It cannot be made or written.
        """
        try:
            os.makedirs(folder, 0o700, exist_ok=True)
            if not os.access(folder, os.W_OK):  # an old lock may be open to us where new files are not
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            descriptor = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(
                f"The spool folder {folder} cannot be written ({error.strerror}).", hint=f"ls -ld {folder}"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(folder, descriptor) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def _in_use(folder: str, descriptor: int) -> SpoolInUseError:
    owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
    os.close(descriptor)
    return SpoolInUseError(
        f"Another agent, process {owner}, uses the spool folder {folder}; each agent needs its own.",
        hint=f"ps -p {owner}",
    )
