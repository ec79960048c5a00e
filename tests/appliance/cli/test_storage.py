"""`sysmon storage` status, forecast, segments and seal."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli.storage_tables import forecast_table, rules_table, status_table
from sysmon_appliance.cli.terminal import draw
from sysmon_appliance.domain.segments import Kind
from tests.support.console_server import console_server
from tests.support.shell import Shell

STORAGE = "/api/v1/storage"
DAY_MS = 86_400_000
AT_MS = 1_800_000_000_000  # 2027-01-15 08:00
MIB = 1 << 20


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        console.answer(STORAGE, a_state())
        console.answer(f"{STORAGE}/forecast", a_forecast())
        yield Shell(tmp_path / "s.sock", console, capsys)


def a_kind(kind: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "segments": 12,
        "bytes": 50 * MIB,
        "local_bytes": 50 * MIB,
        "ticks": 86_400,
        "samples": 90_000_000,
        "bytes_per_sample": 0.58,
        "from": AT_MS - 30 * DAY_MS,
        "to": AT_MS,
        "days": 30,
        "max_bytes": 0,
    } | changes


def a_state(**changes: Any) -> dict[str, Any]:
    empty = {"segments": 0, "bytes": 0, "samples": 0, "bytes_per_sample": None, "from": None, "to": None}
    return {
        "head": {"batches": 7, "bytes": 10 * MIB, "file_bytes": 12 * MIB, "from": AT_MS - 3_600_000, "to": AT_MS},
        "kinds": [a_kind("raw"), a_kind("minute", max_bytes=MIB), a_kind("hour", **empty), a_kind("tables", **empty)],
        "disk": {"folder": "/var/lib/sysmon/segments", "total": 100 << 30, "free": 50 << 30},
        "object_store": None,
        "working": None,
        "damaged": [],
        "last_seal": SystemClock().wall_ms() - 180_500,
        "last_merge": None,
        "failure": None,
        "rules": [
            {"selector": "role=db", "raw_days": 90, "minute_days": 400, "hour_days": 1, "tables_days": 1, "hosts": 2},
            {"selector": "", "raw_days": 30, "minute_days": 400, "hour_days": 1, "tables_days": 1, "hosts": 9},
        ],
        "changed": None,
    } | changes


def a_point(days: int) -> dict[str, int]:
    sizes = {"head": MIB, "raw": (days + 1) * MIB, "minute": MIB, "hour": MIB, "tables": MIB}
    return {"t": AT_MS + days * DAY_MS, **sizes, "total": sum(sizes.values())}


def a_forecast(days: int = 365, **changes: Any) -> dict[str, Any]:
    return {
        "now": AT_MS,
        "basis_days": 6.5,
        "points": [a_point(number) for number in range(days + 1)],
        "per_day": {"raw": MIB, "minute": MIB, "hour": 0, "tables": 0},
        "in_a_year": 370 * MIB,
        "disk_full": None,
        "samples_per_day": 8_640_000,
    } | changes


def notes(text: str) -> dict[str, str]:
    """Read the second of the tables that a command has printed."""
    lines = text[text.index("PROPERTY") :].splitlines()[1:]
    return {line[:14].split("  ")[0]: line for line in lines}


def test_the_state_is_shown_at_a_glance(sysmon: Shell) -> None:
    """Each kind has a line with its times, its limits and its weight, and the sum has one."""
    assert sysmon("storage", "status") == 0
    lines = sysmon.out.splitlines()
    assert [line.split()[0] for line in lines[:7]] == ["WHAT", "head", "raw", "minute", "hour", "tables", "total"]
    assert lines[2].split() == (["raw", "2026-12-16", "2027-01-15", "30", "d", "90.0", "M", "50.0", "MiB"])
    assert "30 d or 1.0 MiB" in lines[3]
    assert lines[6].split() == ["total", "110", "MiB"]
    found = notes(sysmon.out)
    assert "50.0 GiB of 100 GiB free at /var/lib/sysmon/segments" in found["disk"]
    assert "has room for all" in sysmon.out
    assert "3 m" in found["sealed"]
    assert "never" in found["merged"]
    assert "370 MiB" in found["in a year"]


def test_the_state_fits_a_terminal() -> None:
    """However much is kept, each row stands on one line of a terminal of 80 columns, under a whole header."""
    much = {"bytes": 1023 << 30, "max_bytes": 1023 << 30, "samples": 999_000_000_000, "days": 3650}
    state = a_state(kinds=[a_kind(kind, **much) for kind in Kind])
    shown = io.StringIO()
    draw(status_table(state, wide=False), Console(file=shown, width=80))
    lines = [line for line in shown.getvalue().splitlines() if line.strip(" ─")]
    assert lines[0].split() == ["WHAT", "FROM", "TO", "KEPT_FOR", "SAMPLES", "SIZE"]
    assert [line.split()[0] for line in lines[1:]] == ["head", *Kind, "total"]


def test_the_wide_state_has_all_columns(sysmon: Shell) -> None:
    """The wide form tells times of day, how many segments there are, and what a sample takes."""
    assert sysmon("storage", "status", "-o", "wide") == 0
    assert sysmon.out.splitlines()[2].split() == (
        ["raw", "2026-12-16", "08:00", "2027-01-15", "08:00", "30", "d", "12", "90.0", "M", "50.0", "MiB", "0.58", "B"]
    )


def test_what_is_wrong_comes_with_the_next_command(sysmon: Shell) -> None:
    """Failures, damage, a disk that fills up and a store that is silent are told, and what to do."""
    damaged = {"name": "x", "kind": "raw", "from": AT_MS - DAY_MS, "to": AT_MS, "hosts": 3, "found": AT_MS}
    state = a_state(
        failure={"since": AT_MS, "problem": "No room.", "hint": "df /segments"},
        damaged=[damaged],
        object_store={"url": "s3://bucket", "reachable": False},
        working={"job": "merge", "started": AT_MS, "done": 0.5},
        changed=AT_MS,
    )
    sysmon.console.answer(STORAGE, state)
    sysmon.console.answer(f"{STORAGE}/forecast", a_forecast(disk_full=AT_MS + 40 * DAY_MS))
    assert sysmon("storage", "status") == 0
    for text in (
        "No room. Since 2027-01-15 08:00.",
        "next: df /segments",
        "raw of 3 hosts from 2027-01-14 08:00 to 2027-01-15 08:00 cannot be read.",
        "next: sysmon storage repair",
        "is full about 2027-02-24",
        "s3://bucket; it does not answer",
        "merge, 50%",
        "what was kept before is kept as well",
    ):
        assert text in sysmon.out


def test_rules_are_shown_when_there_is_room(sysmon: Shell) -> None:
    """The wide form has a line for each rule, with the hosts that it fits."""
    assert sysmon("storage", "status", "-o", "wide") == 0
    rules = sysmon.out[sysmon.out.index("RULE ") :].splitlines()
    assert rules[1].split() == ["role=db", "90", "400", "1", "1", "2"]
    assert rules[2].split()[:3] == ["every", "other", "host"]


def test_the_only_rule_is_for_all_hosts() -> None:
    """Where no rule chooses hosts, what is kept of the rest is kept of all."""
    assert rules_table(a_state()["rules"][1:]).rows[0][0].text == "all hosts"


def test_programs_get_the_state_as_it_is(sysmon: Shell) -> None:
    """JSON is the API's document, and asks for no forecast; CSV has bytes as numbers."""
    assert sysmon("storage", "status", "-o", "json") == 0
    assert json.loads(sysmon.out)["storage"][0]["head"]["batches"] == 7
    assert sysmon.console.asked == [f"GET {STORAGE}"]
    assert sysmon("storage", "status", "-o", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(sysmon.out)))
    assert rows[1]["size"] == str(50 * MIB)


def test_the_forecast_looks_a_year_ahead(sysmon: Shell) -> None:
    """Now, a month, a quarter and a year ahead have a line each."""
    assert sysmon("storage", "forecast") == 0
    assert sysmon.console.asked == [f"GET {STORAGE}/forecast?days=365"]
    lines = sysmon.out.splitlines()
    assert [line[:8].strip() for line in lines[1:5]] == ["now", "in 30 d", "in 90 d", "in 365 d"]
    assert "31.0 MiB" in lines[2]
    assert "2.0 MiB of 8.6 M samples" in sysmon.out
    assert "6.5 days of history" in sysmon.out


def test_a_short_forecast_ends_where_it_was_asked_to(sysmon: Shell) -> None:
    """Days beyond the last one are not made up; where less than a day is known yet, that is said."""
    sysmon.console.answer(f"{STORAGE}/forecast", a_forecast(45, basis_days=0.02))
    assert sysmon("storage", "forecast", "--days", "45") == 0
    assert [line[:8].strip() for line in sysmon.out.splitlines()[1:4]] == ["now", "in 30 d", "in 45 d"]
    assert "figures of other fleets" in sysmon.out


def test_a_long_forecast_takes_the_nearest_points() -> None:
    """In steps of ten days, the one nearest to each line counts."""
    points = [a_point(number) for number in range(0, 3651, 10)]
    table = forecast_table(a_forecast(points=points))
    assert [row[0].text for row in table.rows] == ["now", "in 30 d", "in 90 d", "in 365 d", "in 3650 d"]
    assert table.rows[3][2].value in {361 * MIB, 371 * MIB}


def test_segments_are_listed(sysmon: Shell) -> None:
    """Each file has a line that says what is in it and where it is; the wide form has its name."""
    first = {
        "name": "raw-day-20270114.sqlite",
        "kind": "raw",
        "level": "day",
        "from": AT_MS - DAY_MS,
        "to": AT_MS,
        "hosts": 3,
        "ticks": 5,
        "samples": 4000,
        "bytes": MIB,
        "created": AT_MS,
        "local": True,
        "damaged": None,
    }
    others = [first | {"name": "b", "local": False}, first | {"name": "c", "damaged": AT_MS}]
    sysmon.console.answer(f"{STORAGE}/segments", {"segments": [first, *others], "next": None})
    assert sysmon("storage", "segments", "--kind", "raw") == 0
    assert sysmon.console.asked == [f"GET {STORAGE}/segments?kind=raw&limit=1000"]
    lines = sysmon.out.splitlines()
    assert lines[1].split()[:2] == ["raw", "day"]
    assert [line.split("  ")[-1] for line in lines[1:]] == ["here", "in the store", "damaged"]
    assert sysmon("storage", "segments", "-o", "wide") == 0
    assert "raw-day-20270114.sqlite" in sysmon.out


def test_sealing_is_asked_for(sysmon: Shell) -> None:
    """The command returns at once, and says where to look."""
    sysmon.console.answer(f"{STORAGE}/seal", {"job": "seal"}, 202)
    assert sysmon("storage", "seal") == 0
    assert sysmon.console.asked == [f"POST {STORAGE}/seal"]
    assert "sysmon storage status" in sysmon.out
