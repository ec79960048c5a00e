"""Segment files in a folder: names, digests, and getting a file to the disk."""

import hashlib
import os
import re
from pathlib import Path

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.sqlite")

PARTIAL = ".partial"
"""How the names of files end that are not whole yet; they begin with a dot, so they are taken for no segment."""


def is_segment_name(name: str) -> bool:
    """Whether something in a folder or a bucket may be a segment; what else lies there is none of our business."""
    return _NAME.fullmatch(name) is not None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_from_disk(path: Path) -> str:
    """Bring a file to the disk, and return the digest of what is read back from there rather than from memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):  # a hint that Linux follows; elsewhere the page cache may answer
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()
