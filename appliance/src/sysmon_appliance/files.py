"""Files that only their owner can read, and that are whole or not there."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put a file of mode 0600 in the place of what is there; a crash leaves the old or the new one, never half of it.

    One that root writes belongs to the owner of its folder, as whom the program runs that is to read it.

    Raises
    ------
    OSError
        It cannot be written, and what was there still is.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        _own_as_folder(file.fileno(), path.parent)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the new name as lasting as what it names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own_as_folder(descriptor: int, folder: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_private_folder(folder: Path) -> None:
    """Make a folder of mode 0700, or give an existing one that mode; raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
