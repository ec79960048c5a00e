"""Segments for tests of where they lie: what is in the file does not matter there."""

import hashlib
from dataclasses import replace
from pathlib import Path

from sysmon_appliance.domain.segments import Kind, Level, Segment

_DAY_MS = 86_400_000
_RAW = Segment(
    number=1,
    name="",
    kind=Kind.RAW,
    level=Level.DAY,
    start_ms=20_000 * _DAY_MS,
    end_ms=20_001 * _DAY_MS - 1,
    first_host=1,
    last_host=1,
    hosts=1,
    ticks=8640,
    samples=864_000,
    bytes=0,
    sha256="",
    created_ms=20_001 * _DAY_MS,
)


def segment_of(content: bytes, name: str = "raw-day-20241004-0000.sqlite") -> Segment:
    """Describe a file as the manifest does."""
    return replace(_RAW, name=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def draft_of(folder: Path, content: bytes) -> Path:
    """Write a finished file that is not on a shelf yet."""
    draft = folder / "draft"
    draft.write_bytes(content)
    return draft
