"""`sysmon token`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.console_server import console_server
from tests.support.shell import Shell

HOUR_MS = 3_600_000
TOKENS = "/api/v1/tokens"


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def a_token(**changes: Any) -> dict[str, Any]:
    now = SystemClock().wall_ms()
    return {
        "id": "5d2f",
        "created": now,
        "created_by": "user:alice",
        "expires": now + HOUR_MS + 30_000,
        "uses": 20,
        "uses_left": 3,
        "labels": {"role": "db", "env": "prod"},
        "approval": False,
        "replace": None,
        "state": "usable",
    } | changes


def made() -> dict[str, Any]:
    return {"token": a_token(), "secret": "sysmon1.abc", "command": "sysmon-agent enroll sysmon1.abc"}


def test_the_token_is_printed_alone(sysmon: Shell) -> None:
    """Standard output has the token and nothing else; the command for the host is on standard error."""
    sysmon.console.answer(TOKENS, made(), 201)
    assert sysmon("token", "create") == 0
    assert sysmon.out == "sysmon1.abc\n"
    assert "sysmon-agent enroll sysmon1.abc" in sysmon.err
    assert sysmon("token", "create", "--quiet") == 0
    assert (sysmon.out, sysmon.err) == ("sysmon1.abc\n", "")


def test_a_token_lasts_an_hour_and_lets_one_host_in(sysmon: Shell) -> None:
    """Where nothing else is said a token is short and for one host."""
    sysmon.console.answer(TOKENS, made(), 201)
    assert sysmon("token", "create") == 0
    assert sysmon.console.sent == [{"ttl_seconds": 3600, "uses": 1, "labels": {}, "approval": False, "replace": ""}]


def test_terms_reach_the_aggregator(sysmon: Shell) -> None:
    """Life, uses, labels, approval and the host to be replaced are what the options say."""
    sysmon.console.answer(TOKENS, made(), 201)
    words = ("--ttl", "2d", "--uses", "20", "--labels", "role=db, env=prod", "--approval", "--replace", "web-01")
    assert sysmon("token", "create", *words) == 0
    assert sysmon.console.sent == [
        {
            "ttl_seconds": 172_800,
            "uses": 20,
            "labels": {"role": "db", "env": "prod"},
            "approval": True,
            "replace": "web-01",
        }
    ]


@pytest.mark.parametrize("words", [("--labels", "role"), ("--labels", "=db"), ("--ttl", "soon")])
def test_terms_that_make_no_sense_are_refused(sysmon: Shell, words: tuple[str, str]) -> None:
    """Labels without a name or a value, and times that are none, are told before anybody is asked."""
    assert sysmon("token", "create", *words) != 0
    assert "error[bad_request]" in sysmon.err
    assert not sysmon.console.asked


def test_tokens_are_listed(sysmon: Shell) -> None:
    """The list says what each token is still good for, and never its secret."""
    bound = a_token(id="77aa", replace={"id": "ab" * 16, "name": "web-01"}, labels={}, state="used_up", uses_left=0)
    sysmon.console.answer(TOKENS, {"tokens": [a_token(), bound]})
    assert sysmon("token", "list") == 0
    first, second = sysmon.out.splitlines()[1:]
    assert first.split()[:5] == ["5d2f", "usable", "3", "of", "20"]
    assert "in 1 h" in first
    assert first.split()[-2:] == ["role=db,env=prod", "user:alice"]
    assert "the place of web-01" in second
    assert sysmon("token", "list", "-o", "json") == 0
    assert json.loads(sysmon.out)["tokens"][1]["state"] == "used_up"


def test_a_token_is_withdrawn(sysmon: Shell) -> None:
    """A token is revoked by its id, whatever characters that has."""
    sysmon.console.answer("/api/v1/tokens/a%2Fb", None, 200)
    assert sysmon("token", "revoke", "a/b") == 0
    assert sysmon.console.asked == ["DELETE /api/v1/tokens/a%2Fb"]
