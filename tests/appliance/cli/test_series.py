"""`sysmon series`, against an aggregator's answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.cli.app import run
from tests.support.console_server import ConsoleServer, console_server

ROW = {
    "host": {"id": "ab" * 16, "name": "web-1"},
    "metric": "system.cpu.time",
    "attributes": {"cpu": "0", "state": "user"},
    "first": 1_800_000_000_000,
    "last": 1_800_000_060_000,
}
REPORT = {
    "total": 120_000,
    "active": 100,
    "limit_per_host": 20_000,
    "new_per_host_per_day": 50_000,
    "hosts": [{"id": "ab" * 16, "name": "web-1", "series": 70_000, "active": 60}],
    "metrics": [{"metric": "container.cpu.time", "series": 60_000}],
    "attributes": [{"key": "container.id", "values": 5000, "series": 60_000}],
}


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleServer]:
    monkeypatch.setenv("SYSMON_CONSOLE__SOCKET", str(tmp_path / "socket"))
    with console_server(tmp_path / "socket") as console:
        yield console


def finish(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        run(["series", *arguments])
    return int(exited.value.code or 0)


def test_series_are_listed(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The list shows host, metric and attributes, and asks for what was wanted."""
    console.answer("/api/v1/series", {"series": [ROW], "total": 1, "next": None})
    assert finish("list", 'system.cpu.time{cpu="0"}', "--host", "web-1") == 0
    shown = capsys.readouterr()
    assert "web-1" in shown.out
    assert "cpu=0, state=user" in shown.out
    assert not shown.err
    assert console.asked == ["GET /api/v1/series?match=system.cpu.time%7Bcpu%3D%220%22%7D&host=web-1&limit=100"]


def test_a_list_follows_its_pages(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages are fetched until there are enough, and what is left out is said."""
    pages = [{"series": [ROW] * 1000, "total": 2500, "next": "x"}, {"series": [ROW] * 1000, "total": 2500, "next": "y"}]
    console.answer_in_turn("/api/v1/series", pages)
    assert finish("list", "--limit", "1500", "-o", "jsonl") == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1500
    assert "1500 of 2500 series" in shown.err


def test_wide_rows_have_the_host_s_id(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """-o wide and csv add the id of the host."""
    console.answer("/api/v1/series", {"series": [ROW], "total": 1, "next": None})
    assert finish("list", "-o", "csv") == 0
    assert capsys.readouterr().out.splitlines()[0] == "host,metric,attributes,first,last,host_id"


def test_the_report_shows_where_series_are_many(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Totals, and a table each of hosts, metrics and keys."""
    console.answer("/api/v1/series/cardinality", REPORT)
    assert finish("cardinality", "--limit", "5") == 0
    shown = capsys.readouterr().out
    for text in ("120 k", "web-1", "70.0 k", "container.cpu.time", "container.id"):
        assert text in shown
    assert console.asked == ["GET /api/v1/series/cardinality?limit=5"]


def test_the_report_as_a_document(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts get what the aggregator answered."""
    console.answer("/api/v1/series/cardinality", REPORT)
    assert finish("cardinality", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["cardinality"] == [REPORT]


def test_a_selector_that_is_none(console: ConsoleServer, capsys: pytest.CaptureFixture[str]) -> None:
    """What the aggregator refuses is an error with its hint."""
    console.problem(
        "/api/v1/series", "bad_request", 400, detail="The selector cannot be read.", hint="sysmon series list"
    )
    assert finish("list", "{") != 0
    assert "The selector cannot be read." in capsys.readouterr().err
