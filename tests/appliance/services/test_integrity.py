"""Judging segments, and setting aside those that cannot be read."""

import pytest

from sysmon_appliance.domain.examining import Examiner, Verdict
from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError, StoreUnreachableError
from sysmon_appliance.services.integrity import Integrity
from tests.support.clock import ManualClock
from tests.support.storage import ListManifest, segment
from tests.support.upkeep import DAMAGED, ListChanges, WordShelf

SEGMENT = segment(day=1)
NAME = SEGMENT.name


class Bench:
    """An Integrity over a shelf of words."""

    def __init__(self) -> None:
        self.manifest = ListManifest([SEGMENT])
        self.shelf = WordShelf()
        self.changes = ListChanges(self.manifest, ManualClock())
        self.read: list[str] = []
        self.rows: Exception | None = None
        self.integrity = Integrity(self.manifest, self.changes, Examiner(self.shelf, self.check_rows))

    def check_rows(self, path: object) -> None:
        self.read.append(str(path))
        if self.rows:
            raise self.rows

    @property
    def damaged(self) -> bool:
        return bool(self.manifest.segments[0].damaged_ms)

    async def judge(self) -> Verdict:
        return await self.integrity.judge(self.manifest.segments[0])


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_whole_segment_stays_in_force(bench: Bench) -> None:
    """Where all copies are as they were written, and their rows too, nothing changes."""
    assert await bench.judge() is Verdict.WHOLE
    assert bench.read == [NAME]
    assert not bench.changes.aside


async def test_a_damaged_segment_is_set_aside_once(bench: Bench) -> None:
    """A segment without a whole copy is left out of answers, and noted one time."""
    bench.shelf.found[NAME] = DAMAGED
    assert await bench.judge() is Verdict.DAMAGED
    assert await bench.judge() is Verdict.DAMAGED
    assert bench.changes.aside == [(NAME, True)]
    assert all(segment.damaged_ms for segment in bench.manifest.all())


async def test_one_bad_copy_is_mended_without_a_word_in_the_manifest(bench: Bench) -> None:
    """While one copy is whole the segment stays in force, and the other is replaced."""
    bench.shelf.found[NAME] = Copies(Copy.WHOLE, Copy.DAMAGED)
    assert await bench.judge() is Verdict.MENDED
    assert bench.shelf.found[NAME] == Copies(Copy.WHOLE, Copy.WHOLE)
    assert not bench.changes.aside


async def test_what_can_be_read_again_is_taken_back(bench: Bench) -> None:
    """A segment that was set aside answers again once a whole copy is there."""
    bench.shelf.found[NAME] = DAMAGED
    await bench.judge()
    bench.shelf.found.clear()
    assert await bench.judge() is Verdict.WHOLE
    assert bench.changes.aside == [(NAME, True), (NAME, False)]
    assert not bench.damaged


async def test_rows_that_were_written_badly_are_damage(bench: Bench) -> None:
    """A file that is byte by byte what was written, and yet cannot be read, is set aside."""
    bench.rows = SegmentDamagedError("A row has another checksum.")
    assert await bench.judge() is Verdict.DAMAGED
    assert bench.damaged


async def test_a_segment_of_a_later_release_is_no_damage(bench: Bench) -> None:
    """After a downgrade, segments of the newer release are left as they are."""
    bench.rows = SegmentVersionError("The segment has format 2.")
    assert await bench.judge() is Verdict.FOREIGN
    assert not bench.changes.aside


async def test_rows_of_what_is_not_here_are_not_fetched(bench: Bench) -> None:
    """An object with the right digest is believed: its rows were read when it was made."""
    bench.shelf.found[NAME] = Copies(Copy.MISSING, Copy.WHOLE)
    assert await bench.judge() is Verdict.WHOLE
    assert not bench.read


async def test_a_store_that_is_down_proves_nothing(bench: Bench) -> None:
    """Where nobody could look, the manifest stays as it is."""
    bench.shelf.is_down = True
    with pytest.raises(StoreUnreachableError):
        await bench.judge()
    assert not bench.changes.aside


async def test_what_was_replaced_meanwhile_is_not_set_aside(bench: Bench) -> None:
    """A file that is gone because its segment was merged is no damage."""
    bench.shelf.found[NAME] = Copies(Copy.MISSING)
    judged = bench.manifest.segments.pop()
    assert await bench.integrity.judge(judged) is Verdict.WHOLE
    assert not bench.changes.aside
