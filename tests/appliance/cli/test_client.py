from pathlib import Path

import pytest

from sysmon_agent.errors import AnswerError
from sysmon_appliance.cli.client import Client, find_socket
from sysmon_appliance.local.places import DEFAULT_SOCKET, Running, say_running
from tests.support.console_server import console_server


def test_the_option_is_the_socket(tmp_path: Path) -> None:
    """A socket that is named is used, whatever else is known."""
    environ = {"SYSMON_CONSOLE__SOCKET": "/b", "XDG_DATA_HOME": str(tmp_path)}
    assert find_socket(Path("/a"), environ) == Path("/a")
    assert find_socket(None, environ) == Path("/b")


def test_local_mode_is_found_before_the_installed_aggregator(tmp_path: Path) -> None:
    """Without a name, commands speak to this user's local mode, and else to the installed aggregator."""
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    assert find_socket(None, environ) == DEFAULT_SOCKET
    (tmp_path / "sysmon").mkdir()
    say_running(tmp_path / "sysmon", Running(1, Path("/c"), "127.0.0.1:7480"))
    assert find_socket(None, environ) == Path("/c")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_word_of_local_mode_is_ignored(tmp_path: Path, content: str) -> None:
    """What a crash left of the run file hides no aggregator."""
    (tmp_path / "sysmon").mkdir()
    (tmp_path / "sysmon" / "run.json").write_text(content)
    assert find_socket(None, {"XDG_DATA_HOME": str(tmp_path)}) == DEFAULT_SOCKET


@pytest.mark.parametrize("content", [b"<html>", b"\xff", b"[" * 100_000], ids=["a page", "no text", "too deep"])
def test_what_is_no_aggregator(tmp_path: Path, content: bytes) -> None:
    """Something else that answers where an aggregator was expected is said to be none."""
    with console_server(tmp_path / "s") as other, Client(tmp_path / "s") as client:
        other.answer("/api/v1/session", content)
        with pytest.raises(AnswerError, match="no aggregator"):
            client.get("/api/v1/session")
