import stat
from pathlib import Path

import pytest

from sysmon_appliance.errors import StorageError
from sysmon_appliance.local.places import (
    MAX_SOCKET_PATH_BYTES,
    Running,
    default_folder,
    running_in,
    say_running,
    socket_folder,
)


def test_data_lies_where_xdg_says(tmp_path: Path) -> None:
    """The data folder follows XDG_DATA_HOME, and else lies below the home folder."""
    assert default_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "sysmon"
    assert default_folder({}) == Path.home() / ".local/share/sysmon"


def test_commands_learn_who_runs(tmp_path: Path) -> None:
    """What runs says where it is, and takes it back when it ends."""
    running = Running(17, tmp_path / "s.sock", "127.0.0.1:7480")
    assert running_in(tmp_path) is None
    say_running(tmp_path, running)
    assert running_in(tmp_path) == running
    say_running(tmp_path, None)
    assert running_in(tmp_path) is None


def test_a_short_folder_holds_its_socket(tmp_path: Path) -> None:
    """The socket lies in the data folder where its path is short enough."""
    folder = Path("/data")
    assert socket_folder(folder, {"XDG_RUNTIME_DIR": str(tmp_path)}) == folder


def test_a_long_folder_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """Where the data folder's path is too long for a socket, a private short folder named after it is used."""
    long = tmp_path / ("x" * 120)
    found = socket_folder(long, {})
    try:
        assert len(bytes(found / "aggregator.sock")) <= MAX_SOCKET_PATH_BYTES
        assert stat.S_IMODE(found.stat().st_mode) == 0o700
        assert socket_folder(long, {}) == found
        assert socket_folder(tmp_path / ("y" * 120), {}) != found
    finally:
        found.rmdir()
        socket_folder(tmp_path / ("y" * 120), {}).rmdir()


def test_a_folder_that_others_could_have_made_is_refused(tmp_path: Path) -> None:
    """A short folder that is not private is not used, because another user may own it."""
    long = tmp_path / ("z" * 120)
    found = socket_folder(long, {})
    try:
        found.chmod(0o755)
        with pytest.raises(StorageError, match="not a private folder"):
            socket_folder(long, {})
    finally:
        found.rmdir()
