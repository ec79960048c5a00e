"""Opening the live database: what is made, what is refused, and what people are told."""

import os
import sqlite3
import stat
from pathlib import Path

import apsw
import pytest

from sysmon_appliance.errors import StorageError
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.connection import check_library
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.clock import ManualClock
from tests.support.live import append, commit, live


def open_and_close(folder: Path) -> None:
    LiveDatabase.open(folder, ManualClock()).close()


def test_a_new_database_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Folder and files of the live database are closed to other users."""
    with live(tmp_path / "live"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "live").iterdir()}
    assert stat.S_IMODE((tmp_path / "live").stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
    assert FILE_NAME in modes


def test_a_database_is_made_as_replication_needs_it(tmp_path: Path) -> None:
    """WAL and incremental vacuum are on from the first table, for neither can be added later without harm."""
    with live(tmp_path):
        pass
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    assert (connection.pragma("journal_mode"), connection.pragma("auto_vacuum")) == ("wal", 2)
    connection.close()


def test_each_opening_is_an_epoch_of_its_own(tmp_path: Path) -> None:
    """The epoch rises with each start, and the cluster keeps its name."""
    states = []
    for _ in range(3):
        with live(tmp_path) as database:
            states.append(database.state)
    assert [state.epoch for state in states] == [1, 2, 3]
    assert len({state.cluster_id for state in states}) == 1


def test_two_aggregators_never_share_a_folder(tmp_path: Path) -> None:
    """A second aggregator on the same folder is told which process has it."""
    with live(tmp_path), pytest.raises(StorageError, match=f"process {os.getpid()}"):
        open_and_close(tmp_path)


def test_the_folder_is_free_after_closing(tmp_path: Path) -> None:
    """A database that was closed can be opened again."""
    open_and_close(tmp_path)
    open_and_close(tmp_path)


def test_the_folder_is_free_after_a_failed_opening(tmp_path: Path) -> None:
    """An opening that fails holds nothing."""
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError):
        open_and_close(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    open_and_close(tmp_path)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """A file that is no database is reported, not overwritten."""
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="damaged, or no database") as caught:
        open_and_close(tmp_path)
    assert caught.value.hint == f"mv {tmp_path} {tmp_path}.broken"
    assert (tmp_path / FILE_NAME).read_bytes() == b"no database" * 1000


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """A database that another program made is reported, not migrated."""
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StorageError, match="another program"):
        open_and_close(tmp_path)


def test_a_damaged_database_is_reported(tmp_path: Path) -> None:
    """A database whose pages were overwritten is reported at start, with what to do."""
    with live(tmp_path) as database:
        assert commit(database, *(append(number) for number in range(1, 200))) is None
    file = tmp_path / FILE_NAME
    content = bytearray(file.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        open_and_close(tmp_path)


def test_a_database_of_a_later_release_is_refused(tmp_path: Path) -> None:
    """A database that a later release has migrated is not touched by an earlier one."""
    open_and_close(tmp_path)
    later = apsw.Connection(str(tmp_path / FILE_NAME))
    later.execute("INSERT INTO migrations (number, name, applied_ms) VALUES (9999, '9999_later.sql', 0)")
    later.close()
    with pytest.raises(StorageError, match="schema 9999"):
        open_and_close(tmp_path)


def test_a_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    """A data folder that cannot be made is reported by its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="data folder"):
        open_and_close(tmp_path / "file" / "live")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2"])
def test_a_library_that_can_corrupt_is_refused(version: str) -> None:
    """A SQLite with the WAL-reset bug is refused by its version."""
    with pytest.raises(StorageError, match=version):
        check_library(version)


def test_the_library_that_is_installed_is_safe() -> None:
    """The SQLite that comes with the product is recent enough."""
    check_library(apsw.sqlite_lib_version())
