"""Small and unwritable filesystems, for tests of what happens when there is no room."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"This machine does not permit to mount a small filesystem: {done.stderr.strip()}")


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A filesystem of that size at `folder`; the test is skipped where only root may mount one and we are not."""
    if os.geteuid():
        pytest.skip("Only root may mount a small filesystem.")
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        # Lazily: a program that is being ended may still hold a file in it.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def disk_image(folder: Path, size_bytes: int) -> Iterator[None]:
    """Put a real filesystem in a file at `folder`: what is synced there is synced, and it can be filled at once.

    Raises
    ------
    OSError
        This machine does not permit it.
    """
    image = folder.with_name(f"{folder.name}.image")
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(size_bytes)
    try:
        # Nothing is kept back for root, so that full is full for everybody.
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{error.cmd[0]}: {error.stderr.decode(errors='replace').strip()}") from error
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        image.unlink()


@contextlib.contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Make a folder read-only; for root, whom permissions do not stop, by a read-only mount over itself."""
    if os.geteuid():
        mode = folder.stat().st_mode
        folder.chmod(0o500)
        yield
        folder.chmod(mode)
        return
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write a file until its filesystem is full, and return it."""
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(folder).free, 1))
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    return ballast
