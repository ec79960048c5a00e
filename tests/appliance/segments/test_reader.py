"""Reading segments of which some are damaged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest

from sysmon_appliance.domain.segments import Kind, Segment, SetAside
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.sqlite.manifest import Manifest
from tests.support.rows_of_history import DAY, even, write_ticks
from tests.support.shelved import segment_of

END = DAY + 2 * 86_400_000


class Bench:
    """A host's ticks of two days, each in a segment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = FolderShelf(folder / "segments")
        self.segments = [self.keep(number) for number in range(2)]
        self.manifest = Manifest(self.segments)
        self.reported: list[str] = []
        self.reader = SegmentReader(self.manifest, self.shelf, self.reported.append)

    def keep(self, number: int) -> Segment:
        draft = self.folder / "draft"
        t = even(100, DAY + number * 86_400_000)
        write_ticks(draft, t, t.astype(float)[None, :])
        content = draft.read_bytes()
        segment = segment_of(content, f"raw-day-2024100{number}-0000.sqlite")
        self.shelf.keep(draft, segment.name)
        return replace(segment, number=number + 1, start_ms=int(t[0]), end_ms=int(t[-1]))

    def damage(self, segment: Segment) -> bytes:
        """Damage a file in place, as a disk does, and return what was in it."""
        path = self.shelf.path(segment)
        content = path.read_bytes()
        path.write_bytes(content[:1024] + bytes(len(content) - 1024))
        return content

    def put_back(self, segment: Segment, content: bytes) -> None:
        """Put a whole file in the place of a damaged one."""
        path = self.shelf.place(segment.name)
        path.unlink()
        path.write_bytes(content)

    def ticks(self) -> int:
        """Read all ticks; what cannot be read is left out."""
        return sum(self._read())

    def _read(self) -> Iterator[int]:
        with self.reader.of_host(1, DAY, END) as of_host:
            for row in of_host.rows(Kind.RAW, merged=True):
                ticks = row.ticks()
                ticks.read(np.arange(1))
                yield len(ticks.t)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.reader.close()


def test_damage_is_reported_and_left_out_of_the_next_answer(bench: Bench) -> None:
    """The reader that meets damage says so at once; from then on the rest answers."""
    bench.damage(bench.segments[0])
    with pytest.raises(SegmentDamagedError):
        bench.ticks()
    assert bench.reported == [bench.segments[0].name]
    assert bench.ticks() == 100
    assert len(bench.reported) == 1


def test_what_was_mended_answers_again(bench: Bench) -> None:
    """A segment that was set aside and taken back between two questions is read from its new file."""
    content = bench.damage(bench.segments[0])
    with pytest.raises(SegmentDamagedError):
        bench.ticks()
    bench.put_back(bench.segments[0], content)
    for damaged_ms in (1, 0):
        bench.manifest.note(SetAside(bench.segments[0].name, damaged_ms))
    assert bench.ticks() == 200
    assert len(bench.reported) == 1


def test_a_later_release_is_left_out_without_a_report(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A segment that cannot be read because it is too new is no damage, and is spoken of once."""
    path = bench.shelf.path(bench.segments[0])
    with apsw.Connection(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '1000' WHERE name = 'format'")
    connection.close()
    with pytest.raises(SegmentVersionError):
        bench.ticks()
    for _ in range(3):
        bench.manifest.note(SetAside(bench.segments[1].name, 0))
        assert bench.ticks() == 100
    assert not bench.reported
    assert len(caplog.messages) == 1
