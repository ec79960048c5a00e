"""What every shelf does, whether it is a folder or an object store with a folder before it."""

import stat
from pathlib import Path

import pytest

from sysmon_appliance.domain.integrity import Copies, Copy
from sysmon_appliance.errors import SegmentDamagedError, StorageError
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.shelves import Shelf
from tests.support.disks import small_disk, unwritable
from tests.support.objects import damaged
from tests.support.shelved import draft_of, segment_of

CONTENT = bytes(range(256)) * 40
SEGMENT = segment_of(CONTENT)


def kept(shelf: Shelf, folder: Path, content: bytes = CONTENT) -> Path:
    """Keep a segment, and return where its copy lies."""
    shelf.keep(draft_of(folder, content), SEGMENT.name)
    return folder / "segments" / SEGMENT.name


def test_a_draft_that_is_kept_is_on_the_shelf(shelf: Shelf, tmp_path: Path) -> None:
    """After it was kept, a segment is found by its name with the bytes of the draft, which is gone."""
    kept(shelf, tmp_path)
    assert shelf.path(SEGMENT).read_bytes() == CONTENT
    assert shelf.has_local(SEGMENT.name)
    assert set(shelf.names()) == {SEGMENT.name}
    assert not (tmp_path / "draft").exists()


def test_nobody_else_can_read_segments(shelf: Shelf, tmp_path: Path) -> None:
    """Folder and files belong to their owner alone."""
    kept(shelf, tmp_path)
    assert stat.S_IMODE((tmp_path / "segments").stat().st_mode) == 0o700
    assert stat.S_IMODE(shelf.path(SEGMENT).stat().st_mode) == 0o600


def test_keeping_twice_is_keeping_once(shelf: Shelf, tmp_path: Path) -> None:
    """What was kept before a crash can be kept again after it."""
    kept(shelf, tmp_path)
    kept(shelf, tmp_path)
    assert set(shelf.names()) == {SEGMENT.name}
    assert not (tmp_path / "draft").exists()


def test_a_name_is_never_given_to_other_bytes(shelf: Shelf, tmp_path: Path) -> None:
    """A copy here is never replaced by a draft of the same name with other bytes, and the draft stays."""
    place = kept(shelf, tmp_path)
    with pytest.raises(StorageError):
        kept(shelf, tmp_path, damaged(CONTENT))
    assert place.read_bytes() == CONTENT
    assert (tmp_path / "draft").exists()


def test_what_is_removed_is_gone(shelf: Shelf, tmp_path: Path) -> None:
    """A removed segment is not listed and not found, and can be removed again."""
    kept(shelf, tmp_path)
    shelf.remove(SEGMENT.name)
    shelf.remove(SEGMENT.name)
    assert not list(shelf.names())
    with pytest.raises(SegmentDamagedError):
        shelf.path(SEGMENT)


def test_an_open_file_outlives_its_removal(shelf: Shelf, tmp_path: Path) -> None:
    """Who has a segment open reads it to its end, even where it is removed meanwhile."""
    kept(shelf, tmp_path)
    with shelf.path(SEGMENT).open("rb") as file:
        shelf.remove(SEGMENT.name)
        assert file.read() == CONTENT


def test_a_file_of_somebody_else_is_no_segment(shelf: Shelf, tmp_path: Path) -> None:
    """Files that have no segment's name are not listed."""
    kept(shelf, tmp_path)
    (tmp_path / "segments" / "README").write_text("not ours")
    assert set(shelf.names()) == {SEGMENT.name}


def test_leftovers_of_a_crash_are_tidied_away(shelf: Shelf, tmp_path: Path) -> None:
    """Halves of files that a crash left are removed, and nothing else is."""
    place = kept(shelf, tmp_path)
    half = place.with_name(f".{place.name}.x1.partial")
    half.write_bytes(b"half")
    shelf.tidy()
    assert not half.exists()
    assert place.exists()


def test_a_draft_may_lie_on_another_disk(shelf: Shelf, tmp_path: Path) -> None:
    """A draft that cannot be renamed onto the shelf is copied there."""
    with small_disk(tmp_path / "elsewhere", 1 << 20) as elsewhere:
        shelf.keep(draft_of(elsewhere, CONTENT), SEGMENT.name)
        assert not list(elsewhere.iterdir())
    assert shelf.path(SEGMENT).read_bytes() == CONTENT
    assert len(list((tmp_path / "segments").iterdir())) == 1


def test_without_room_the_draft_stays(tmp_path: Path) -> None:
    """Where the disk is full, the error says so, and the draft can be kept later."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        shelf = FolderShelf(disk / "segments")
        draft = draft_of(tmp_path, bytes(2 << 20))
        with pytest.raises(StorageError) as raised:
            shelf.keep(draft, SEGMENT.name)
        assert raised.value.hint == f"df {disk / 'segments'}"
        assert not list(shelf.names())
    assert draft.stat().st_size == 2 << 20


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A folder on a read-only disk is an error with a command that helps, and no traceback."""
    shelf = FolderShelf(tmp_path / "segments")
    draft = draft_of(tmp_path, CONTENT)
    with unwritable(tmp_path / "segments"), pytest.raises(StorageError) as raised:
        shelf.keep(draft, SEGMENT.name)
    assert raised.value.hint.startswith("ls -ld")
    assert draft.exists()


def test_whole_copies_are_found_whole(shelf: Shelf, tmp_path: Path) -> None:
    """What was kept is sound."""
    kept(shelf, tmp_path)
    found = shelf.inspect(SEGMENT)
    assert found.sound
    assert shelf.mend(SEGMENT, found)


def test_a_flipped_bit_is_found(shelf: Shelf, tmp_path: Path) -> None:
    """A copy here with one bit changed is found damaged, though its size is right."""
    kept(shelf, tmp_path).write_bytes(damaged(CONTENT))
    found = shelf.inspect(SEGMENT)
    assert found.local is Copy.DAMAGED
    assert not found.sound


def test_where_the_only_copy_is_damaged_nothing_is_thrown_away(tmp_path: Path) -> None:
    """A damaged file stays where there is no other: something may be read from it yet."""
    shelf = FolderShelf(tmp_path / "segments")
    place = kept(shelf, tmp_path)
    place.write_bytes(damaged(CONTENT))
    assert not shelf.mend(SEGMENT, shelf.inspect(SEGMENT))
    assert place.read_bytes() == damaged(CONTENT)


def test_a_file_that_is_cut_short_is_not_handed_out(tmp_path: Path) -> None:
    """A folder alone answers for a truncated file with an error that names the segment."""
    shelf = FolderShelf(tmp_path / "segments")
    kept(shelf, tmp_path).write_bytes(CONTENT[:-1])
    with pytest.raises(SegmentDamagedError, match=SEGMENT.name):
        shelf.path(SEGMENT)


def test_a_file_that_the_disk_cannot_read_is_damaged(tmp_path: Path) -> None:
    """A read error is damage to the file, and no fault of the folder."""
    shelf = FolderShelf(tmp_path / "segments")
    empty = segment_of(b"")
    shelf.place(empty.name).symlink_to("/proc/self/mem")  # has no bytes, and reading from it is an input/output error
    assert shelf.inspect(empty) == Copies(Copy.DAMAGED)


def test_a_missing_file_is_found_missing(tmp_path: Path) -> None:
    """A folder alone says of a file that is gone that it is."""
    shelf = FolderShelf(tmp_path / "segments")
    assert shelf.inspect(SEGMENT) == Copies(Copy.MISSING)
