"""Folders of live databases."""

from pathlib import Path

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
