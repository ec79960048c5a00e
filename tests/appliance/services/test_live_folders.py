"""Folders of live databases."""

from pathlib import Path

import pytest

from sysmon_appliance.errors import StorageError
from sysmon_appliance.services.live_folders import SINGLE_NAME, LiveFolders


def led(folders: LiveFolders, path: str) -> Path:
    folder = folders.new(path)
    (folder / SINGLE_NAME).write_text(path)
    return folder


def test_the_newest_that_was_set_aside_stays(tmp_path: Path) -> None:
    """Of databases that are used no more the newest is kept, until a drill has proved that it is not needed."""
    folders = LiveFolders(tmp_path)
    for path in ("epoch-1", "epoch-2"):
        folders.set_aside(led(folders, path))
    assert folders.databases() == [str(tmp_path / "set-aside" / "epoch-2" / SINGLE_NAME)]
    folders.forget_aside()
    assert folders.databases() == []


def test_after_a_drill_a_database_is_set_aside_as_before(tmp_path: Path) -> None:
    """What a passed drill lets go makes no difference to the next database that is set aside."""
    folders = LiveFolders(tmp_path)
    folders.forget_aside()
    folders.set_aside(led(folders, "epoch-1"))
    assert folders.databases() == [str(tmp_path / "set-aside" / "epoch-1" / SINGLE_NAME)]


def a_restored(folders: LiveFolders) -> Path:
    """A folder with a restored database, beside one that is in use."""
    (folders.folder / SINGLE_NAME).write_text("old")
    restored = folders.new_copy()
    (restored / SINGLE_NAME).write_text("restored")
    return restored


def test_a_restored_database_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """What was in use before stays, set aside; of the folder that it came from nothing is left."""
    folders = LiveFolders(tmp_path)
    restored = a_restored(folders)
    folders.exchange(restored, "epoch-1")
    assert (tmp_path / SINGLE_NAME).read_text() == "restored"
    assert (tmp_path / "set-aside" / "epoch-1" / SINGLE_NAME).read_text() == "old"
    assert not restored.exists()


@pytest.mark.parametrize("whose", ["old", "restored"])
def test_a_database_that_was_not_closed_is_not_exchanged(tmp_path: Path, whose: str) -> None:
    """A WAL beside either database would be lost, or be taken for the other one's: nothing is changed."""
    folders = LiveFolders(tmp_path)
    restored = a_restored(folders)
    place = tmp_path if whose == "old" else restored
    (place / f"{SINGLE_NAME}-wal").write_text("pages")
    with pytest.raises(StorageError, match="not closed"):
        folders.exchange(restored, "epoch-1")
    assert (tmp_path / SINGLE_NAME).read_text() == "old"


def test_copies_of_an_earlier_process_are_deleted_and_its_database_is_kept(tmp_path: Path) -> None:
    """A start sets aside what was led with, and deletes what was only followed."""
    folders = LiveFolders(tmp_path)
    led(folders, "epoch-1")
    a_restored(folders)
    folders.clear()
    assert sorted(folders.databases()) == [
        str(tmp_path / SINGLE_NAME),
        str(tmp_path / "set-aside" / "epoch-1" / SINGLE_NAME),
    ]
