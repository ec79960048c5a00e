"""`sysmon backup`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console_server import console_server
from tests.support.shell import Shell

BACKUPS = "/api/v1/backups"
START_MS = 1_728_000_000_000
CHAPTER: dict[str, Any] = {
    "epoch": 1,
    "path": "epoch-00000001-aa",
    "node": "agg-1",
    "began": START_MS,
    "parent": "",
    "parent_txid": 0,
    "origin": "",
    "on_line": True,
    "from": None,
    "to": None,
    "txid": 0,
}
NEWER = CHAPTER | {
    "epoch": 2,
    "path": "epoch-00000002-bb",
    "origin": "failover",
    "from": START_MS + 1,
    "to": START_MS + 3_600_000,
}


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def drilled(state: str, **changes: Any) -> dict[str, Any]:
    ended = None if state in {"never", "running"} else START_MS + 1000
    return {
        "state": state,
        "began": None if state == "never" else START_MS,
        "ended": ended,
        "path": NEWER["path"],
        "txid": 7,
        "restored_bytes": 1 << 20,
        "seconds": 0.5,
        "problem": "",
        "hint": "",
        "counts": {"ticks": 4210},
    } | changes


def backups(drill: dict[str, Any]) -> dict[str, Any]:
    return {"chapters": [CHAPTER, NEWER], "from": START_MS + 1, "to": START_MS + 3_600_000, "drill": drill}


def test_epochs_are_listed_with_the_newest_first(sysmon: Shell) -> None:
    """The list says why each epoch began and which moments of it are left, and how the newest drill ended."""
    sysmon.console.answer(BACKUPS, backups(drilled("failed", problem="It is broken.")))
    assert sysmon("backup", "list") == 0
    lines = sysmon.out.splitlines()
    assert lines[1].split()[0] == "2"
    assert "failover" in lines[1]
    assert "in line" in lines[1]
    assert "deleted" in lines[2]
    assert "It is broken." in sysmon.out
    assert "epoch-00000002" not in sysmon.out


def test_paths_are_shown_where_there_is_room(sysmon: Shell) -> None:
    """A wide table has paths, and what was given up is named so."""
    sysmon.console.answer(BACKUPS, backups(drilled("never")) | {"chapters": [NEWER | {"on_line": False}]})
    assert sysmon("backup", "list", "-o", "wide") == 0
    assert "given up" in sysmon.out
    assert NEWER["path"] in sysmon.out


def test_a_drill_is_waited_for(sysmon: Shell) -> None:
    """The command orders a drill and shows how it ended, not how an older one did."""
    old = drilled("passed", began=START_MS - 5)
    turns = [backups(old), backups(old), backups(drilled("running")), backups(drilled("passed"))]
    sysmon.console.answer_in_turn(BACKUPS, turns)
    sysmon.console.answer(f"{BACKUPS}/drill", {}, 202)
    assert sysmon("backup", "drill") == 0
    assert sysmon.out.splitlines()[1].split()[0] == "passed"
    assert "4210" in sysmon.out
    assert sysmon.console.asked[1] == f"POST {BACKUPS}/drill"


def test_a_failed_drill_is_an_exit_code(sysmon: Shell) -> None:
    """A drill that fails is told in words and in the exit code."""
    failed = drilled("failed", problem="It is of another cluster.", hint="sysmon backup list")
    sysmon.console.answer_in_turn(BACKUPS, [backups(drilled("never")), backups(failed)])
    sysmon.console.answer(f"{BACKUPS}/drill", {}, 202)
    assert sysmon("backup", "drill", "-o", "json") == 1
    assert "another cluster" in sysmon.err
    assert json.loads(sysmon.out)["drills"][0]["state"] == "failed"


def test_a_drill_need_not_be_waited_for(sysmon: Shell) -> None:
    """A script can order a drill and look later."""
    sysmon.console.answer(BACKUPS, backups(drilled("never")))
    sysmon.console.answer(f"{BACKUPS}/drill", {}, 202)
    assert sysmon("backup", "drill", "--no-wait") == 0
    assert "has begun" in sysmon.out


def test_going_back_names_the_moment(sysmon: Shell) -> None:
    """The moment is read as people write it, and shown as it was understood."""
    sysmon.console.answer(f"{BACKUPS}/restore", {"path": NEWER["path"], "at": START_MS}, 202)
    assert sysmon("backup", "restore", "--at", "2024-10-04T00:00", "--yes") == 0
    assert sysmon.console.sent == [{"at": START_MS, "path": ""}]
    assert "2024-10-04 00:00:00 UTC" in sysmon.out


def test_a_path_can_be_named(sysmon: Shell) -> None:
    """What was given up is gone back to by its path."""
    sysmon.console.answer(f"{BACKUPS}/restore", {"path": "epoch-00000001-aa", "at": START_MS}, 202)
    code = sysmon("backup", "restore", "--at", "2024-10-04T00:00", "--path", "epoch-00000001-aa", "--yes")
    assert code == 0
    assert sysmon.console.sent[0]["path"] == "epoch-00000001-aa"


def test_nobody_goes_back_by_accident(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a yes nothing is ordered."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert sysmon("backup", "restore", "--at", "2h") == 6
    assert sysmon.console.asked == []


def test_a_moment_that_is_none_is_refused(sysmon: Shell) -> None:
    """A text that is no time is a fault in the command."""
    assert sysmon("backup", "restore", "--at", "yesterday", "--yes") == 2
