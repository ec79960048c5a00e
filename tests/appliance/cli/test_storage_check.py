"""`sysmon storage check` and `sysmon storage repair`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console_server import console_server
from tests.support.shell import Shell

CHECK = "/api/v1/storage/check"
REPAIR = "/api/v1/storage/repair"
NAME = "raw-day-20241004-0000.sqlite"
START_MS = 1_728_000_000_000


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def a_check(**changes: Any) -> dict[str, Any]:
    ended = {"state": "running", "checked": 3, "of": 3, "unread": 0, "damaged": [], "started": START_MS}
    return {**ended, "ended": None} | changes


def done(**changes: Any) -> list[dict[str, Any]]:
    """What is seen of a check: one that runs, and then its end."""
    return [a_check(), a_check(state="done", ended=START_MS + 1000, **changes)]


def stored(*names: str) -> dict[str, Any]:
    """What the aggregator says of storage, as far as a repair asks."""
    one = {"kind": "raw", "from": START_MS, "to": START_MS + 86_399_999, "hosts": 50, "found": START_MS}
    return {"damaged": [one | {"name": name} for name in names]}


def test_a_check_is_waited_for(sysmon: Shell) -> None:
    """The command begins a check, waits for its end and shows how many segments are whole."""
    sysmon.console.answer_in_turn(CHECK, [*done()[:1], {"job": "check"}, *done()])
    assert sysmon("storage", "check") == 0
    assert sysmon.out.split("\n")[0].split() == ["STARTED", "ENDED", "SEGMENTS", "DAMAGED", "UNREAD"]
    assert sysmon.out.split("\n")[1].split()[-3:] == ["3", "0", "0"]
    assert sysmon.console.asked[1] == f"POST {CHECK}"


def test_the_end_of_an_older_check_is_not_taken_for_this_one(sysmon: Shell) -> None:
    """A check that had ended before is not what was asked for."""
    before = a_check(state="done", started=START_MS - 1, ended=START_MS - 1)
    sysmon.console.answer_in_turn(CHECK, [before, {"job": "check"}, before, *done()])
    assert sysmon("storage", "check", "-o", "json") == 0
    assert json.loads(sysmon.out)["checks"][0]["started"] == START_MS
    assert len(sysmon.console.asked) == 5


def test_damage_is_an_exit_code(sysmon: Shell) -> None:
    """Where something is damaged the command says so, names the next one, and fails."""
    sysmon.console.answer_in_turn(CHECK, [*done()[:1], {"job": "check"}, *done(damaged=[NAME])])
    assert sysmon("storage", "check") == 1
    assert "1 segment cannot be read and is left out of answers." in sysmon.err
    assert "sysmon storage repair" in sysmon.err


def test_a_check_need_not_be_waited_for(sysmon: Shell) -> None:
    """With --no-wait the command returns at once."""
    sysmon.console.answer(CHECK, a_check())
    assert sysmon("storage", "check", "--no-wait") == 0
    assert len(sysmon.console.asked) == 2


def test_a_repair_shows_each_segment(sysmon: Shell) -> None:
    """Each damaged segment is listed with what it held and what came of it; a lost one is a failure."""
    other = NAME.replace("0000", "0001")
    sysmon.console.answer("/api/v1/storage", stored(NAME, other))
    sysmon.console.answer(REPAIR, {"repaired": [other], "lost": [NAME]})
    assert sysmon("storage", "repair") == 1
    rows = [line.split() for line in sysmon.out.splitlines()]
    assert rows[1] == ["raw", "2024-10-04", "00:00", "2024-10-04", "23:59", "50", "lost", NAME]
    assert rows[2][-2:] == ["repaired", other]
    assert "1 segment cannot be brought back" in sysmon.err
    assert "sysmon storage repair --give-up" in sysmon.err
    assert sysmon.console.sent == [{"give_up": False}]


def test_giving_up_is_asked_about(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is given up without a yes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    sysmon.console.answer("/api/v1/storage", stored(NAME))
    sysmon.console.answer(REPAIR, {"repaired": [], "lost": [NAME]})
    assert sysmon("storage", "repair", "--give-up") == 6
    assert not sysmon.console.sent
    assert sysmon("storage", "repair", "--give-up", "--yes") == 0
    assert sysmon.console.sent == [{"give_up": True}]
    assert "given up" in sysmon.out


def test_where_nothing_is_damaged_nothing_is_asked(sysmon: Shell) -> None:
    """A repair of a whole store succeeds without a question."""
    sysmon.console.answer("/api/v1/storage", stored())
    sysmon.console.answer(REPAIR, {"repaired": [], "lost": []})
    assert sysmon("storage", "repair", "--give-up", "-o", "json") == 0
    assert json.loads(sysmon.out)["segments"] == []
