"""`sysmon enrolments`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.console_server import console_server
from tests.support.shell import Shell

ENROLMENTS = "/api/v1/enrolments"


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def an_enrolment(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "name": "db-01",
        "address": "192.0.2.7",
        "requested": SystemClock().wall_ms() - 65_000,
        "reason": "approval",
        "replaces": None,
        "token": "5d2f",
        "labels": {},
        "public_key": "ab" * 32,
        "state": "waiting",
        "host": None,
    } | changes


def test_requests_are_listed_with_their_reason(sysmon: Shell) -> None:
    """The list says who waits, from where, for how long and why."""
    about = {"id": "cd" * 16, "name": "web-01"}
    sysmon.console.answer(
        ENROLMENTS,
        {
            "enrolments": [
                an_enrolment(),
                an_enrolment(id="e2", reason="replace", replaces=about),
                an_enrolment(id="e3", reason="clone", replaces=about, state="approved", host=about),
            ]
        },
    )
    assert sysmon("enrolments", "list", "--state", "waiting") == 0
    assert sysmon.console.asked == ["GET /api/v1/enrolments?state=waiting"]
    first, second, third = sysmon.out.splitlines()[1:]
    assert first.split()[:4] == ["e1", "db-01", "192.0.2.7", "waiting"]
    assert "its token says so" in first
    assert "1 m" in first
    assert "takes the place of web-01" in second
    assert "a copy of web-01" in third
    assert sysmon("enrolments", "list", "-o", "wide") == 0
    assert "cd" * 16 in sysmon.out
    assert sysmon("enrolments", "list", "-o", "json") == 0
    assert len(json.loads(sysmon.out)["enrolments"]) == 3


@pytest.mark.parametrize(("word", "said"), [("approve", "db-01 is let in."), ("reject", "db-01 is turned away.")])
def test_a_request_is_decided(sysmon: Shell, word: str, said: str) -> None:
    """A host that waits is let in or turned away by the id of its request."""
    sysmon.console.answer(f"{ENROLMENTS}/e1/{word}", an_enrolment())
    assert sysmon("enrolments", word, "e1") == 0
    assert sysmon.out == f"{said}\n"


def test_a_request_that_is_not_there_is_not_found(sysmon: Shell) -> None:
    """An unknown request is told with the exit code of what is not found."""
    assert sysmon("enrolments", "approve", "nobody") == 3
