"""Small and unwritable filesystems, for tests of what happens when there is no room."""

import contextlib
import os
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
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    return ballast
