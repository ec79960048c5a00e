"""`sysmon processes`, against an aggregator's answers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.cli.since import moment_of
from sysmon_appliance.errors import BadRequestError
from tests.support.console_server import console_server
from tests.support.process_tables import TABLE, row
from tests.support.shell import Shell

NOW_MS = 1_800_000_000_000
COMMAND = "postgres: shop checkout [local] SELECT " + 100 * "x"
PATH = "/api/v1/hosts/db-1/processes"
TOP = {
    "pid": 7,
    "name": "postgres",
    "user": "postgres",
    "command": COMMAND,
    "started": 1_799_990_000.5,
    "first": NOW_MS - 3_600_000,
    "last": NOW_MS,
    "cpu_seconds": 5400.0,
    "cpu_max": 1.5,
    "memory_max": 2.0 * 2**30,
    "read_bytes": None,
    "written_bytes": 1536.0,
}


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def table_of_a_moment() -> dict[str, object]:
    values = row(7, cpu=0.5, memory=1024.0, started=1_799_990_000.5, command=COMMAND)
    return {
        "at": NOW_MS,
        "columns": [column.name for column in TABLE.columns],
        "rows": [[values[column.name] for column in TABLE.columns]],
    }


def test_the_processes_of_a_moment(sysmon: Shell) -> None:
    """Without more, the newest table is shown, a long command only as far as it fits."""
    sysmon.console.answer(PATH, table_of_a_moment())
    assert sysmon("processes", "db-1") == 0
    shown = sysmon.out
    assert "name-7" in shown
    assert "50%" in shown
    assert "1.0 KiB" in shown
    assert COMMAND not in shown
    assert sysmon.console.asked == [f"GET {PATH}"]


def test_documents_name_every_value(sysmon: Shell) -> None:
    """As JSON every process has its values by name, and the moment that they are of."""
    sysmon.console.answer(PATH, table_of_a_moment())
    assert sysmon("processes", "db-1", "-o", "json") == 0
    [process] = json.loads(sysmon.out)["processes"]
    assert (process["pid"], process["command"], process["at"]) == (7.0, COMMAND, NOW_MS)


def test_a_moment_is_asked_for(sysmon: Shell) -> None:
    """A time of the past goes to the aggregator in milliseconds."""
    sysmon.console.answer(PATH, {"at": None, "columns": [], "rows": []})
    assert sysmon("processes", "db-1", "--at", "2027-01-15T08:00") == 0
    assert sysmon.console.asked == [f"GET {PATH}?at={NOW_MS}"]


def test_the_top_of_a_while(sysmon: Shell) -> None:
    """With --top it is told what each process used; what could not be read is a dash, and in CSV nothing."""
    sysmon.console.answer(f"{PATH}/top", {"from": 1, "to": 2, "ticks": 360, "processes": [TOP]})
    assert sysmon("processes", "db-1", "--top", "--since", "2h", "--by", "io", "--limit", "3") == 0
    shown = sysmon.out
    assert "1 h 30 m" in shown
    assert "150%" in shown
    assert "2.0 GiB" in shown
    assert re.fullmatch(
        rf"GET {PATH}/top\?from=[0-9]+&to=[0-9]+&by=io&limit=3",
        sysmon.console.asked[0],
    )
    assert sysmon("processes", "db-1", "--top", "-o", "csv") == 0
    listed = sysmon.out.splitlines()[1].split(",")
    assert listed[6:8] == ["", "1536.0"]
    assert listed[-1] == COMMAND


def test_a_moment_is_no_while(sysmon: Shell) -> None:
    """A moment together with --top is refused, with the option that was probably meant."""
    assert sysmon("processes", "db-1", "--top", "--at", "2h") == 2
    assert "hint: sysmon processes db-1 --top --until 2h" in sysmon.err
    assert sysmon.console.asked == []


def test_what_only_a_while_has_is_not_passed_over(sysmon: Shell) -> None:
    """An option that needs --top is refused without it, even with the value that it has by itself."""
    assert sysmon("processes", "db-1", "--by", "cpu") == 2
    assert "hint: sysmon processes db-1 --top --by cpu" in sysmon.err
    assert sysmon.console.asked == []


def test_moments_are_read_as_people_write_them() -> None:
    """So long ago, or a time; without an offset it is of UTC."""
    assert moment_of("10m", NOW_MS) == NOW_MS - 600_000
    assert moment_of("2027-01-15T08:00", 0) == moment_of("2027-01-15T10:00+02:00", 0) == NOW_MS
    with pytest.raises(BadRequestError, match="no time such as"):
        moment_of("yesterday", NOW_MS)
