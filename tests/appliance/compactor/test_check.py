"""The job that reads segments."""

from pathlib import Path

import apsw
import pytest

from sysmon_appliance.compactor.check import check_segments
from sysmon_appliance.compactor.outputs import Bench
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.domain.jobs import CheckSegments, Outcome
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.patience import Patience
from sysmon_appliance.objectstore.settings import ShelfSettings
from tests.support.clock import ManualClock
from tests.support.objects import MemoryObjects, damaged
from tests.support.rows_of_history import even, write_ticks
from tests.support.shelved import segment_of
from tests.support.storekeeping import unhurried


class Checked:
    """A shelf with three segments in an object store that can fail."""

    def __init__(self, folder: Path) -> None:
        self.objects = MemoryObjects()
        self.folder = folder
        self.shelf = CachedShelf(
            Patience(self.objects, ManualClock()), FolderShelf(folder / "segments"), cache_bytes=1 << 30
        )
        self.progress: list[float] = []
        self.segments = [self.keep(number) for number in range(3)]

    def keep(self, number: int, *, later_format: bool = False) -> Segment:
        draft = self.folder / "draft"
        write_ticks(draft, even(100), even(100).astype(float)[None, :])
        if later_format:
            with apsw.Connection(str(draft)) as connection:
                connection.execute("UPDATE meta SET value = '1000' WHERE name = 'format'")
            connection.close()
        segment = segment_of(draft.read_bytes(), f"raw-day-20241004-000{number}.sqlite")
        self.shelf.keep(draft, segment.name)
        return segment

    def check(self) -> Outcome:
        place = Workplace(self.folder, self.folder, ShelfSettings("", 0), cluster_id="", file_bytes=0)
        bench = Bench(place, self.shelf, ManualClock(), unhurried(), self.progress.append)
        return check_segments(CheckSegments(tuple(self.segments)), bench)


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return Checked(tmp_path)


def test_whole_segments_are_not_spoken_of(checked: Checked) -> None:
    """Where all is well the outcome is empty, and progress was told at each segment."""
    assert checked.check() == Outcome()
    assert checked.progress == [1 / 3, 2 / 3, 1]


def test_each_segment_has_its_own_outcome(checked: Checked) -> None:
    """What was mended and what is damaged is told by name."""
    first, second, _ = checked.segments
    checked.shelf.path(first).write_bytes(b"not a segment")
    for bad in (
        checked.shelf.path(second).write_bytes,
        lambda content: checked.objects.stored.update({second.name: content}),
    ):
        bad(damaged(checked.objects.stored[second.name]))
    assert checked.check() == Outcome(damaged=(second.name,), mended=(first.name,))


def test_a_store_that_is_down_leaves_all_unread(checked: Checked) -> None:
    """Where the object store does not answer nothing is called damaged."""
    checked.objects.is_down = True
    assert checked.check() == Outcome(unread=tuple(segment.name for segment in checked.segments))


def test_a_segment_of_a_later_release_is_foreign(checked: Checked) -> None:
    """A format that is not known yet is no damage."""
    checked.segments.append(checked.keep(3, later_format=True))
    assert checked.check() == Outcome(foreign=(checked.segments[3].name,))
