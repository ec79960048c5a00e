"""What happens when the database cannot be written: nothing is half done, and it goes on when it can."""

import logging
import stat
from pathlib import Path

import pytest

from sysmon_appliance.domain.changes import SaveHost
from sysmon_appliance.errors import StorageError, StorageFailedError, StorageFullError
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.clock import ManualClock
from tests.support.disks import fill, small_disk, unwritable
from tests.support.live import A_HOST, append, appends, commit, live

LARGE = bytes(100_000)


def limit_pages(database: LiveDatabase, pages: int) -> None:
    """Let SQLite itself find no room beyond that many pages."""
    database.writer._connection.pragma("max_page_count", pages)


def stored(database: LiveDatabase) -> int:
    return sum(1 for _ in database.head.batches(1, 0, 1 << 60))


def test_a_group_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    """When there is no room for a group, none of it is there, and it is called full."""
    with live(tmp_path) as database:
        limit_pages(database, 40)
        error = commit(database, append(1), append(2, body=LARGE), append(3, body=LARGE))
        assert isinstance(error, StorageFullError)
        assert stored(database) == 0


def test_writing_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    """After a full disk the same changes are committed once there is room."""
    with live(tmp_path) as database:
        limit_pages(database, 40)
        commit(database, append(1), append(2, body=LARGE), append(3, body=LARGE))
        limit_pages(database, 10_000)
        assert commit(database, *appends(1, 3)) is None
        assert stored(database) == 3
    with live(tmp_path) as database:
        assert [stream.last for stream in database.state.streams] == [3]


def test_a_full_disk_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A disk that stays full does not fill the log: its beginning and its end are logged."""
    caplog.set_level(logging.WARNING)
    with live(tmp_path) as database:
        limit_pages(database, 40)
        for _ in range(5):
            commit(database, append(1, body=LARGE), append(2, body=LARGE))
        limit_pages(database, 10_000)
        commit(database, append(1))
    assert [record.message for record in caplog.records] == [
        "Changes cannot be committed; agents keep what they sent.",
        "Changes can be committed again.",
    ]


def test_a_change_that_breaks_a_rule_fails_its_group_alone(tmp_path: Path) -> None:
    """A change that the database refuses fails, and what comes after it is committed."""
    with live(tmp_path) as database:
        commit(database, append(1))
        assert isinstance(commit(database, append(1)), StorageFailedError)
        assert commit(database, append(2)) is None


@pytest.mark.fault
def test_a_full_filesystem_is_survived(tmp_path: Path) -> None:
    """On a filesystem that is really full, groups fail whole, and succeed when there is room again."""
    with small_disk(tmp_path / "small", 3 << 20) as folder, live(folder / "live") as database:
        ballast = fill(folder)
        errors = [commit(database, append(number, body=LARGE)) for number in range(1, 6)]
        assert any(isinstance(error, StorageFullError) for error in errors)
        committed = sum(error is None for error in errors)
        assert stored_rows(database) == committed
        ballast.unlink()
        assert commit(database, append(100)) is None
        assert stored_rows(database) == committed + 1


def stored_rows(database: LiveDatabase) -> int:
    return len(database.head._index.find(1, 0, 1 << 60))


@pytest.mark.fault
def test_a_read_only_folder_is_reported(tmp_path: Path) -> None:
    """A data folder that cannot be written is reported with its path, and nothing is begun in it."""
    folder = tmp_path / "live"
    folder.mkdir()
    with unwritable(folder), pytest.raises(StorageError, match=str(folder)):
        LiveDatabase.open(folder, ManualClock())


@pytest.mark.fault
def test_a_database_that_became_read_only_is_reported(tmp_path: Path) -> None:
    """A database that was written before and cannot be now is reported at start."""
    folder = tmp_path / "live"
    with live(folder):
        pass
    with unwritable(folder), pytest.raises(StorageError, match=str(folder)):
        LiveDatabase.open(folder, ManualClock())


def test_a_file_that_others_could_read_stays_usable(tmp_path: Path) -> None:
    """A database whose permissions were widened by hand is opened all the same."""
    with live(tmp_path):
        pass
    (tmp_path / FILE_NAME).chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP)
    with live(tmp_path) as database:
        assert commit(database, SaveHost(A_HOST)) is None
