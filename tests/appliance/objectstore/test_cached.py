"""A folder before an object store: what is fetched, shared, let go of and never believed."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import SegmentDamagedError, StorageError, StoreUnreachableError
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.patience import Patience
from tests.support.clock import ManualClock
from tests.support.disks import small_disk
from tests.support.objects import MemoryObjects, damaged
from tests.support.shelved import draft_of, segment_of

CONTENT = bytes(range(256)) * 4
SEGMENT = segment_of(CONTENT)
HOUR_SECONDS = 3600


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


def shelf_over(objects: MemoryObjects, folder: Path, *, cache_bytes: int = 1 << 30) -> CachedShelf:
    return CachedShelf(Patience(objects, ManualClock()), FolderShelf(folder / "segments"), cache_bytes=cache_bytes)


def kept(shelf: CachedShelf, folder: Path, segment: Segment = SEGMENT, content: bytes = CONTENT) -> Path:
    shelf.keep(draft_of(folder, content), segment.name)
    return folder / "segments" / segment.name


def series(count: int) -> list[tuple[Segment, bytes]]:
    """Segments of equal size."""
    contents = [bytes([number]) * 1000 for number in range(count)]
    return [(segment_of(content, f"raw-day-2024100{content[0]}-0000.sqlite"), content) for content in contents]


def last_used(file: Path, hours_ago: int) -> None:
    """Make a copy look as if it was last asked for so long ago."""
    then = file.stat().st_mtime - hours_ago * HOUR_SECONDS
    os.utime(file, (then, then))


def test_the_object_is_stored_and_read_back_before_the_copy_is_there(objects: MemoryObjects, tmp_path: Path) -> None:
    """Nothing is kept here before the object store has given back what it was given."""
    objects.lies = 1
    with pytest.raises(StorageError, match="other bytes"):
        kept(shelf_over(objects, tmp_path), tmp_path)
    assert (tmp_path / "draft").exists()
    assert not list((tmp_path / "segments").iterdir())
    assert not objects.stored


def test_what_a_store_did_not_take_can_be_kept_later(objects: MemoryObjects, tmp_path: Path) -> None:
    """After the store lied once, the same draft is kept under the same name."""
    shelf = shelf_over(objects, tmp_path)
    objects.lies = 1
    with pytest.raises(StorageError):
        kept(shelf, tmp_path)
    assert kept(shelf, tmp_path).read_bytes() == objects.stored[SEGMENT.name] == CONTENT


def test_a_store_that_forgets_is_not_believed(objects: MemoryObjects, tmp_path: Path) -> None:
    """A store that says yes and keeps nothing makes keeping fail."""
    objects.forgets = True
    with pytest.raises(StorageError, match="other bytes"):
        kept(shelf_over(objects, tmp_path), tmp_path)
    assert (tmp_path / "draft").exists()


def test_a_store_that_is_down_makes_keeping_fail(objects: MemoryObjects, tmp_path: Path) -> None:
    """While the store is down, nothing is kept, and the draft waits."""
    objects.is_down = True
    with pytest.raises(StoreUnreachableError):
        kept(shelf_over(objects, tmp_path), tmp_path)
    assert (tmp_path / "draft").exists()


def test_without_room_here_the_object_is_stored_and_the_draft_stays(objects: MemoryObjects, tmp_path: Path) -> None:
    """A full disk here fails the keeping; the next attempt finds the object there and goes on."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        shelf = shelf_over(objects, disk)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes((1 << 20) - 8192))
        with pytest.raises(StorageError):
            kept(shelf, tmp_path, content=bytes(50_000))
        ballast.unlink()
        shelf.keep(tmp_path / "draft", SEGMENT.name)
        assert shelf.has_local(SEGMENT.name)


def test_what_is_not_here_is_fetched(objects: MemoryObjects, tmp_path: Path) -> None:
    """A segment without a copy here is fetched once, and read here from then on."""
    objects.stored[SEGMENT.name] = CONTENT
    shelf = shelf_over(objects, tmp_path)
    assert not shelf.has_local(SEGMENT.name)
    assert shelf.path(SEGMENT).read_bytes() == shelf.path(SEGMENT).read_bytes() == CONTENT
    assert objects.requests == [f"read {SEGMENT.name}"]
    assert shelf.has_local(SEGMENT.name)


def test_what_came_damaged_once_is_fetched_again(objects: MemoryObjects, tmp_path: Path) -> None:
    """One damaged answer may be the network's fault: the second attempt counts."""
    objects.stored[SEGMENT.name] = CONTENT
    objects.lies = 1
    assert shelf_over(objects, tmp_path).path(SEGMENT).read_bytes() == CONTENT


@pytest.mark.parametrize("stored", [damaged(CONTENT), CONTENT[:-1], b"", None])
def test_other_bytes_are_never_handed_out(objects: MemoryObjects, tmp_path: Path, stored: bytes | None) -> None:
    """An object that is damaged, short, empty or gone is an error, and leaves no file here."""
    if stored is not None:
        objects.stored[SEGMENT.name] = stored
    with pytest.raises(SegmentDamagedError, match=SEGMENT.name):
        shelf_over(objects, tmp_path).path(SEGMENT)
    assert not list((tmp_path / "segments").iterdir())


def test_a_copy_that_is_cut_short_is_fetched_anew(objects: MemoryObjects, tmp_path: Path) -> None:
    """A copy here whose size is wrong is replaced by the object."""
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path).write_bytes(CONTENT[:100])
    assert shelf.path(SEGMENT).read_bytes() == CONTENT


def test_copies_answer_while_the_store_is_down(objects: MemoryObjects, tmp_path: Path) -> None:
    """What is here is read without asking the store; only what is not here cannot be."""
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path)
    objects.is_down = True
    assert shelf.path(SEGMENT).read_bytes() == CONTENT
    with pytest.raises(StoreUnreachableError):
        shelf.path(segment_of(b"another", "raw-day-20241005-0000.sqlite"))


def test_readers_of_one_segment_share_one_download(objects: MemoryObjects, tmp_path: Path) -> None:
    """However many threads ask for a segment at one time, it is fetched once."""
    objects.stored[SEGMENT.name] = CONTENT
    objects.gate.clear()
    shelf = shelf_over(objects, tmp_path)
    together = threading.Barrier(9)

    def read() -> bytes:
        together.wait(30)
        return shelf.path(SEGMENT).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(read) for _ in range(8)]
        together.wait(30)
        objects.gate.set()
        assert {each.result(30) for each in reads} == {CONTENT}
    assert objects.requests == [f"read {SEGMENT.name}"]


def test_the_copies_used_longest_ago_make_room(objects: MemoryObjects, tmp_path: Path) -> None:
    """When the cache is full, copies go by last use, and what was let go of can be fetched again."""
    shelf = shelf_over(objects, tmp_path, cache_bytes=3000)
    for hours_ago, (segment, content) in zip((3, 5, 4), series(3), strict=True):
        last_used(kept(shelf, tmp_path, segment, content), hours_ago)
    first, second, _ = (segment for segment, _ in series(3))
    shelf.path(second)
    last_used(tmp_path / "segments" / second.name, 1)
    newest, content = series(4)[3]
    kept(shelf, tmp_path, newest, content)
    assert [shelf.has_local(segment.name) for segment, _ in series(4)] == [True, True, False, True]
    assert shelf.path(first).read_bytes() == series(1)[0][1]


def test_a_copy_that_was_just_asked_for_stays(objects: MemoryObjects, tmp_path: Path) -> None:
    """A cache that is too small for what is being read grows for the moment, rather than taking files from readers."""
    shelf = shelf_over(objects, tmp_path, cache_bytes=1500)
    for segment, content in series(3):
        kept(shelf, tmp_path, segment, content)
    assert all(shelf.has_local(segment.name) for segment, _ in series(3))


def test_what_is_in_no_store_stays(objects: MemoryObjects, tmp_path: Path) -> None:
    """Segments from before there was an object store are no copies, and never make room."""
    shelf = shelf_over(objects, tmp_path, cache_bytes=1500)
    (old, content), (new, other) = series(2)
    FolderShelf(tmp_path / "segments").keep(draft_of(tmp_path, content), old.name)
    last_used(tmp_path / "segments" / old.name, 1000)
    kept(shelf, tmp_path, new, other)
    assert shelf.has_local(old.name)


def test_a_damaged_copy_is_mended_from_the_object(objects: MemoryObjects, tmp_path: Path) -> None:
    """Where the copy here is damaged and the object whole, the object is what is read from then on."""
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path).write_bytes(damaged(CONTENT))
    assert shelf.mend(SEGMENT, shelf.inspect(SEGMENT))
    assert shelf.path(SEGMENT).read_bytes() == CONTENT
    assert shelf.inspect(SEGMENT).sound


@pytest.mark.parametrize("stored", [damaged(CONTENT), CONTENT[:-1], None])
def test_a_bad_object_is_mended_from_the_copy(objects: MemoryObjects, tmp_path: Path, stored: bytes | None) -> None:
    """Where the object is damaged, short or gone and the copy here whole, the copy is stored again."""
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path)
    objects.stored.pop(SEGMENT.name)
    if stored is not None:
        objects.stored[SEGMENT.name] = stored
    found = shelf.inspect(SEGMENT)
    assert found == Copies(Copy.WHOLE, Copy.MISSING if stored is None else Copy.DAMAGED)
    assert shelf.mend(SEGMENT, found)
    assert objects.stored[SEGMENT.name] == CONTENT


def test_what_lies_here_alone_is_published(objects: MemoryObjects, tmp_path: Path) -> None:
    """A segment from before there was an object store is stored, unless its file is damaged; all others stay."""
    before = FolderShelf(tmp_path / "segments")
    (first, content), (second, other), (third, newest) = series(3)
    before.keep(draft_of(tmp_path, content), first.name)
    before.keep(draft_of(tmp_path, other), second.name)
    before.place(second.name).write_bytes(damaged(other))
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path, third, newest)
    assert shelf.publish([first, second, third]) == 1
    assert objects.stored == {first.name: content, third.name: newest}
    assert shelf.publish([first, second, third]) == 0


def test_where_no_copy_is_whole_nothing_is_thrown_away(objects: MemoryObjects, tmp_path: Path) -> None:
    """Two damaged copies both stay, and the segment is said to be unreadable."""
    shelf = shelf_over(objects, tmp_path)
    place = kept(shelf, tmp_path)
    place.write_bytes(damaged(CONTENT))
    objects.stored[SEGMENT.name] = damaged(CONTENT)
    assert not shelf.mend(SEGMENT, shelf.inspect(SEGMENT))
    assert place.exists()
    assert SEGMENT.name in objects.stored


def test_a_store_that_is_down_says_nothing_of_a_segment(objects: MemoryObjects, tmp_path: Path) -> None:
    """A segment is not called damaged because nobody could look."""
    shelf = shelf_over(objects, tmp_path)
    kept(shelf, tmp_path)
    objects.is_down = True
    with pytest.raises(StoreUnreachableError):
        shelf.inspect(SEGMENT)


def test_asking_shows_whether_the_store_answers(objects: MemoryObjects, tmp_path: Path) -> None:
    """A question for next to nothing is enough to know that the store is there."""
    shelf = shelf_over(objects, tmp_path)
    shelf.ask()
    assert shelf.objects.answers is True
    objects.is_down = True
    with pytest.raises(StoreUnreachableError):
        shelf.ask()
    assert shelf.objects.answers is False
