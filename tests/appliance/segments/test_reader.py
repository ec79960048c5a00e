"""Which segments a reader looks at, and what becomes of those that cannot be read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, SetAside, SwapSegments
from sysmon_appliance.errors import SegmentDamagedError
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.segments.writer import SegmentWriter
from sysmon_appliance.sqlite.manifest import Manifest
from tests.support.storage import DAY, segment
from tests.support.storekeeping import SERIES, every

START = DAY * DAY_MS


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Two segments: one of a merged day, and one with late ticks of the same day."""
    found = []
    for number, (level, start_ms) in enumerate([(Level.DAY, START), (Level.SEALED, START + 5000)], 1):
        name = f"raw-{level}-{number}.sqlite"
        draft = tmp_path / "draft"
        writer = SegmentWriter(draft, Kind.RAW, level)
        writer.host(1, "1" * 32, "db-1")
        writer.add_ticks(1, SERIES, np.array(every(start_ms, 6)), np.full((3, 6), float(number)))
        facts = writer.finish()
        FolderShelf(tmp_path).keep(draft, name)
        found.append(
            replace(
                segment(Kind.RAW, level),
                number=number,
                name=name,
                bytes=facts.bytes,
                sha256=facts.sha256,
                start_ms=facts.start_ms,
                end_ms=facts.end_ms,
            )
        )
    return Manifest(found)


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def reader(tmp_path: Path, manifest: Manifest, reports: list[str]) -> Iterator[SegmentReader]:
    found = SegmentReader(manifest, FolderShelf(tmp_path), reports.append)
    yield found
    found.close()


def values(reader: SegmentReader, *, merged: bool, host: int = 1, to_ms: int = START + DAY_MS) -> list[float]:
    """Read the first value of each row."""
    with reader.of_host(host, START, to_ms) as segments:
        rows = segments.rows(Kind.RAW, merged=merged)
        return [float(row.ticks().all()[0, 0]) for row in rows]


def test_rows_are_told_apart_by_whether_they_were_merged(reader: SegmentReader) -> None:
    """What is in rollups and what is not yet can be read apart."""
    assert values(reader, merged=True) == [1.0]
    assert values(reader, merged=False) == [2.0]


def test_other_hosts_and_times_are_not_opened(tmp_path: Path, reader: SegmentReader) -> None:
    """Of segments that cannot hold what is wanted not even the file is needed."""
    for path in tmp_path.glob("*.sqlite"):
        path.unlink()
    assert values(reader, merged=True, host=2) == []
    assert values(reader, merged=False, to_ms=START) == []


def test_days_of_merged_segments(reader: SegmentReader) -> None:
    """The days of a kind are those of merged segments alone."""
    with reader.of_host(1, START, START + DAY_MS) as segments:
        assert segments.days(Kind.RAW) == {DAY}
        assert segments.days(Kind.HOUR) == frozenset()


def test_days_are_those_of_the_stretch(tmp_path: Path) -> None:
    """A segment that reaches over thousands of years, by a wrong clock, is about the days that are asked for."""
    scattered = replace(segment(Kind.RAW, Level.MONTH), start_ms=0, end_ms=1 << 53)
    reader = SegmentReader(Manifest([scattered]), FolderShelf(tmp_path), print)
    with reader.of_host(1, START, START + DAY_MS) as segments:
        assert segments.days(Kind.RAW) == {DAY, DAY + 1}


def damage(folder: Path, manifest: Manifest) -> str:
    """Overwrite the merged segment, all but its beginning."""
    path = folder / manifest.all()[0].name
    path.write_bytes(path.read_bytes()[:4096] + bytes(path.stat().st_size - 4096))
    return path.name


def test_damage_is_reported_once_and_left_out(
    tmp_path: Path, manifest: Manifest, reader: SegmentReader, reports: list[str]
) -> None:
    """A damaged segment fails one answer, is reported, and is left out from then on."""
    name = damage(tmp_path, manifest)
    with pytest.raises(SegmentDamagedError):
        values(reader, merged=True)
    assert reports == [name]
    assert values(reader, merged=True) == []
    assert values(reader, merged=False) == [2.0]
    assert reports == [name]


def test_a_repaired_segment_is_read_again(tmp_path: Path, manifest: Manifest, reader: SegmentReader) -> None:
    """When the manifest has set a segment aside and says later that it is whole, it is read."""
    whole = (tmp_path / manifest.all()[0].name).read_bytes()
    name = damage(tmp_path, manifest)
    with pytest.raises(SegmentDamagedError):
        values(reader, merged=True)
    manifest.note(SetAside(name, damaged_ms=1))
    assert values(reader, merged=True) == []
    (tmp_path / name).write_bytes(whole)
    manifest.note(SetAside(name, damaged_ms=0))
    assert values(reader, merged=True) == [1.0]


def test_a_dropped_segment_stays_readable_for_whoever_began(
    tmp_path: Path, manifest: Manifest, reader: SegmentReader
) -> None:
    """An answer that has begun is not disturbed when a segment is dropped and its file deleted."""
    with reader.of_host(1, START, START + DAY_MS) as segments:
        [row] = segments.rows(Kind.RAW, merged=True)
        name = manifest.all()[0].name
        manifest.note(SwapSegments((), (name,), at_ms=1))
        (tmp_path / name).unlink()
        assert values(reader, merged=True) == []
        assert row.ticks().all()[0, 0] == 1.0
