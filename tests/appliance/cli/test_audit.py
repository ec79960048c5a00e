"""`sysmon audit`, against an aggregator's answers and against exported files."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_appliance.cli.app import run
from sysmon_appliance.cli.client import Client
from sysmon_appliance.domain.audit import to_line
from tests.support.audit import a_log, head_of
from tests.support.console_server import ConsoleServer, console_server
from tests.support.elsewhere import elsewhere

LOG = a_log(5)
HEAD = head_of(LOG).hash
ENTRY = {
    "number": 7,
    "time": 1_800_000_000_000,
    "actor": "user:alice",
    "origin": "192.0.2.7",
    "action": "token.create",
    "target": "abc",
    "before": None,
    "after": {"uses": 3},
    "hash": "ab" * 32,
}


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleServer]:
    monkeypatch.setenv("SYSMON_CONSOLE__SOCKET", str(tmp_path / "socket"))
    with console_server(tmp_path / "socket") as console:
        yield console


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(to_line(entry) + "\n" for entry in LOG))
    return file


def finish(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        run(["audit", *arguments])
    return int(exited.value.code or 0)


def a_verdict(**changes: Any) -> dict[str, Any]:
    return {"intact": True, "entries": 5, "head": HEAD, "fault": None} | changes


def test_changes_are_listed(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The list shows when who did what to what, and asks only for what was wanted."""
    console.answer("/api/v1/audit", {"entries": [ENTRY], "next": None})
    assert finish("list", "--actor", "user:alice", "--limit", "20") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["NUMBER", "TIME", "ACTOR", "ORIGIN", "ACTION", "TARGET"]
    assert shown[1].split() == ["7", "2027-01-15", "08:00", "user:alice", "192.0.2.7", "token.create", "abc"]
    assert console.asked == ["GET /api/v1/audit?limit=20&actor=user%3Aalice"]


def test_a_wide_list_shows_before_and_after(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The wide table shows what was changed into what."""
    console.answer("/api/v1/audit", {"entries": [ENTRY], "next": None})
    finish("list", "-o", "wide")
    assert capsys.readouterr().out.splitlines()[1].endswith('-       {"uses": 3}')


def test_long_lists_are_fetched_in_pages(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A list goes on with the next page until it has as many entries as were wanted."""
    console.answer("/api/v1/audit", {"entries": [ENTRY] * 2, "next": 6})
    finish("list", "--limit", "3", "-o", "jsonl")
    assert [question.partition("?")[2] for question in console.asked] == ["limit=3", "after=6&limit=1"]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["actor"] == "user:alice"


def test_the_aggregator_verifies_its_own_log(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole log is said to be intact, with its head."""
    console.answer("/api/v1/audit/verify", a_verdict())
    assert finish("verify", "--head", HEAD) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["yes", "5", HEAD]
    assert console.asked == [f"GET /api/v1/audit/verify?head={HEAD}"]


def test_a_log_that_is_not_whole_is_a_failure(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault is told with its place, and the command fails."""
    fault = {"number": 3, "problem": "The entry was changed."}
    console.answer("/api/v1/audit/verify", a_verdict(intact=False, entries=2, fault=fault))
    assert finish("verify") == 1
    told = capsys.readouterr().err
    assert "error[audit_broken]: The audit log is not whole at entry 3: The entry was changed." in told


def test_an_export_is_verified_without_an_aggregator(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was exported verifies by itself; what it cannot tell by itself is said."""
    assert finish("verify", str(exported)) == 0
    told = capsys.readouterr()
    assert HEAD in told.out
    assert "--head" in told.err
    assert finish("verify", str(exported), "--head", HEAD) == 0


def test_an_export_is_read_from_standard_input(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash stands for standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(exported.read_text()))
    assert finish("verify", "-") == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alice", "mallory"),
        ('"number":3', '"number": 3'),
        (f'"hash":"{LOG[2].hash}"', '"hash":""'),
        ("{", "["),
        ("\n", ""),
    ],
)
def test_a_changed_export_is_found(exported: Path, old: str, new: str) -> None:
    """Whatever was changed in a file, verifying it fails."""
    lines = exported.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace(old, new)
    exported.write_text("".join(lines))
    assert finish("verify", str(exported)) == 1


def test_an_export_that_was_cut_short_is_found_with_its_head(exported: Path) -> None:
    """The head that the export told misses the entries that were cut off."""
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join(lines[:3]))
    assert finish("verify", str(exported)) == 0
    assert finish("verify", str(exported), "--head", HEAD) == 1


def test_bytes_that_are_no_text_are_found(exported: Path) -> None:
    """A damaged file is a fault of the log, not of the command."""
    exported.write_bytes(exported.read_bytes().replace(b"alice", b"\xff\xfe\x00\x01\x02", 1))
    assert finish("verify", str(exported)) == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is said to be that."""
    assert finish("verify", str(tmp_path / "none")) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_an_export_goes_to_standard_output(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The log is printed as it comes, and its head on standard error."""
    console.answer("/api/v1/audit/export", {"hash": "ab" * 32})
    assert finish("export") == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"hash": "ab" * 32}
    assert told.err == f"1 entries; head {'ab' * 32}\n"


def test_what_was_done_is_on_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real aggregator records changes with who made them; its log verifies there, and its export elsewhere."""
    with elsewhere(tmp_path) as place:
        with Client(place.socket) as operator:
            operator.post("/api/v1/users", {"name": "alice", "role": "viewer"})
            operator.patch("/api/v1/users/alice", {"role": "operator"})
            operator.delete("/api/v1/users/alice")
        here = ("--socket", str(place.socket))
        finish("list", *here, "--target", "alice", "-o", "json")
        listed = json.loads(capsys.readouterr().out)["entries"]
        assert finish("export", *here) == 0
        exported = capsys.readouterr()
        head = exported.err.split()[-1]
        assert finish("verify", *here, "--head", head) == 0
    file = tmp_path / "audit.jsonl"
    file.write_text(exported.out)
    assert finish("verify", str(file), "--head", head) == 0
    assert [(entry["action"], entry["actor"].partition(":")[0]) for entry in reversed(listed)] == [
        ("user.create", "socket"),
        ("user.change", "socket"),
        ("user.remove", "socket"),
    ]
