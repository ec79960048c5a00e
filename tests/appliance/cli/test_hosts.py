import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli.app import run
from sysmon_appliance.cli.columns import METRIC_UNITS
from sysmon_appliance.domain.canonical import NAMES
from tests.support.console_server import console_server
from tests.support.shell import Shell


def a_host(name: str = "web-01", **changes: Any) -> dict[str, Any]:
    latest = dict.fromkeys(METRIC_UNITS) | {"cpu": 0.25, "memory": 0.5, "load1": 1.25, "net_receive": 1536.0}
    return {
        "id": "ab" * 16,
        "name": name,
        "status": "up",
        "last_seen": SystemClock().wall_ms(),
        "first_seen": 1,
        "interval_ms": 2000,
        "boot_id": "",
        "facts": {"os.type": "linux"},
        "labels": {"role": "web"},
        "tags": ["edge"],
        "metadata": {},
        "simulated": False,
        "latest": latest,
    } | changes


def detail(name: str, **changes: Any) -> dict[str, Any]:
    stream = {"id": "cd" * 16, "last": 10, "stored": 8, "missing": 2, "by_reason": {"agent_down": 2}}
    series = {"metric": "disk.io", "unit": "By", "attributes": {"disk.io.direction": "read"}, "value": 2048.0}
    return a_host(name, streams=[stream], series=[series], **changes)


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_columns_cover_every_canonical_metric() -> None:
    """Every metric of the fleet page can be a column."""
    assert tuple(METRIC_UNITS) == NAMES


def test_list_prints_a_plain_table_when_piped(sysmon: Shell) -> None:
    """A list that is not printed on a terminal has plain columns and no colour."""
    sysmon.console.answer("/api/v1/hosts", {"hosts": [a_host(), a_host("db-01", status="down")], "next": None})
    assert sysmon("hosts", "list", "--columns", "name,status,cpu,load1,net_receive,temperature,labels.role") == 0
    assert lines(sysmon.out) == [
        ["NAME", "STATUS", "CPU", "LOAD1", "NET_RECEIVE", "TEMPERATURE", "LABELS.ROLE"],
        ["web-01", "up", "25%", "1.25", "1.5", "KiB/s", "-", "web"],
        ["db-01", "down", "25%", "1.25", "1.5", "KiB/s", "-", "web"],
    ]
    assert "\x1b" not in sysmon.out


def test_list_follows_cursors(sysmon: Shell) -> None:
    """A list that comes in pages is printed whole."""
    sysmon.console.answer("/api/v1/hosts", {"hosts": [a_host()], "next": "more"})
    assert sysmon.console.answers
    pages = iter([{"hosts": [a_host("a")], "next": "x"}, {"hosts": [a_host("b")], "next": None}])

    class Pages(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            return 200, next(pages)

    sysmon.console.answers = Pages()
    assert sysmon("hosts", "list", "-o", "jsonl") == 0
    assert [json.loads(line)["name"] for line in sysmon.out.splitlines()] == ["a", "b"]
    assert "cursor=x" in sysmon.console.asked[1]


def test_selector_and_order_are_the_servers(sysmon: Shell) -> None:
    """Selector and order are handed to the aggregator as they were typed."""
    sysmon.console.answer("/api/v1/hosts", {"hosts": [], "next": None})
    assert sysmon("hosts", "list", "-l", "role=db,env!=dev", "--sort=-cpu") == 0
    assert sysmon.console.asked == ["GET /api/v1/hosts?selector=role%3Ddb%2Cenv%21%3Ddev&sort=-cpu"]


def test_since_leaves_out_hosts_that_were_not_seen(sysmon: Shell) -> None:
    """A list of hosts seen lately leaves out the others."""
    now = SystemClock().wall_ms()
    hosts = [a_host("new"), a_host("old", last_seen=now - 3_600_000)]
    sysmon.console.answer("/api/v1/hosts", {"hosts": hosts, "next": None})
    assert sysmon("hosts", "list", "--since", "10m", "--columns", "name", "-o", "csv") == 0
    assert sysmon.out.split() == ["name", "new"]
    assert sysmon("hosts", "list", "--since", "soon") == 2
    assert "'soon' is no duration such as 30s, 10m, 2h or 7d." in sysmon.err


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_documents_say_their_version(sysmon: Shell, output: str) -> None:
    """JSON and YAML carry the aggregator's answer and a schema version."""
    host = a_host()
    sysmon.console.answer("/api/v1/hosts", {"hosts": [host], "next": None})
    assert sysmon("hosts", "list", "-o", output) == 0
    assert yaml.safe_load(sysmon.out) == {"schema_version": 1, "hosts": [host]}


def test_csv_has_raw_values(sysmon: Shell) -> None:
    """CSV carries numbers as they are and quotes what needs it."""
    sysmon.console.answer("/api/v1/hosts", {"hosts": [a_host(labels={"a": "1", "b": "2"})], "next": None})
    assert sysmon("hosts", "list", "-o", "csv", "--columns", "name,cpu,temperature,labels,interval") == 0
    assert list(csv.reader(io.StringIO(sysmon.out))) == [
        ["name", "cpu", "temperature", "labels", "interval"],
        ["web-01", "0.25", "", "a=1,b=2", "2.0"],
    ]


def test_a_simulated_host_is_marked(sysmon: Shell) -> None:
    """A simulated host is never taken for a real one."""
    sysmon.console.answer("/api/v1/hosts", {"hosts": [a_host(simulated=True)], "next": None})
    assert sysmon("hosts", "list", "--columns", "name") == 0
    assert "web-01 (simulated)" in sysmon.out


def test_an_unknown_column_is_refused_with_the_known_ones(sysmon: Shell) -> None:
    """A column that does not exist is a usage error that lists what there is."""
    assert sysmon("hosts", "list", "--columns", "colour") == 2
    assert sysmon.err.startswith("error[bad_request]: There is no column 'colour'; there are: name, ")


def test_show_prints_what_is_known(sysmon: Shell) -> None:
    """A host is shown with labels, facts, figures and its ledger; wide adds every series."""
    sysmon.console.answer("/api/v1/hosts/web-01", detail("web-01"))
    assert sysmon("hosts", "show", "web-01") == 0
    assert ["labels.role", "web"] in lines(sysmon.out)
    assert ["cpu", "25%"] in lines(sysmon.out)
    assert "10 ticks = 8 stored + 2 missing (2 agent_down)" in sysmon.out
    assert "disk.io{" not in sysmon.out
    assert sysmon("hosts", "show", "web-01", "-o", "wide") == 0
    assert ["disk.io{disk.io.direction=read}", "2.0", "KiB"] in lines(sysmon.out)


def test_show_of_some_missing_hosts_is_partial(sysmon: Shell) -> None:
    """Where some hosts are not found the others are shown, and the exit code says so."""
    sysmon.console.answer("/api/v1/hosts/web-01", detail("web-01"))
    assert sysmon("hosts", "show", "web-01", "nobody") == 7
    assert "web-01" in sysmon.out
    assert "error[not_found]" in sysmon.err
    assert sysmon("hosts", "show", "nobody") == 3


def test_names_are_quoted_in_paths(sysmon: Shell) -> None:
    """A name with a slash asks for that name, not for another route."""
    assert sysmon("hosts", "show", "a/../b") == 3
    assert sysmon.console.asked == ["GET /api/v1/hosts/a%2F..%2Fb"]


def test_compare_puts_hosts_side_by_side(sysmon: Shell) -> None:
    """Comparing shows a metric per row and a host per column; wide adds the differences."""
    row = {"metric": "system.memory.limit", "unit": "By", "attributes": {}, "values": [1024.0, 3072.0]}
    hosts = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]
    sysmon.console.answer("/api/v1/hosts/compare", {"hosts": hosts, "rows": [row | {"delta": [None, 2048.0]}]})
    assert sysmon("hosts", "compare", "a", "b", "-m", "system.memory.limit") == 0
    assert lines(sysmon.out)[1] == ["system.memory.limit", "1.0", "KiB", "3.0", "KiB"]
    assert sysmon.console.asked == ["GET /api/v1/hosts/compare?host=a&host=b&metric=system.memory.limit"]
    assert sysmon("hosts", "compare", "a", "b", "-o", "wide") == 0
    assert lines(sysmon.out)[1][-2:] == ["2.0", "KiB"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [("bad_request", 400, 2), ("not_found", 404, 3), ("sign_in", 401, 4), ("internal", 500, 1), ("conflict", 409, 6)],
)
def test_problems_become_exit_codes(sysmon: Shell, code: str, status: int, expected: int) -> None:
    """The aggregator's problem is printed with its hint, and its code decides the exit code."""
    sysmon.console.problem("/api/v1/hosts", code, status, detail="It is so.", hint="do this")
    assert sysmon("hosts", "list") == expected
    assert sysmon.err == f"error[{code}]: It is so.\nhint: do this\n"
    assert not sysmon.out


def test_an_answer_that_is_no_problem_document_is_told(sysmon: Shell) -> None:
    """An answer in an unknown shape is reported by its status."""
    sysmon.console.answer("/api/v1/hosts", ["?"], 502)
    assert sysmon("hosts", "list") == 1
    assert "status 502" in sysmon.err


def test_an_aggregator_that_is_not_there_is_unreachable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an aggregator the exit code is 5 and the hint is the command that starts one."""
    with pytest.raises(SystemExit) as exited:
        run(["hosts", "list", "--socket", str(tmp_path / "none.sock")])
    assert exited.value.code == 5
    assert capsys.readouterr().err.endswith("hint: sysmon up\n")


def test_link_asks_for_a_new_link(sysmon: Shell) -> None:
    """`sysmon link` prints what a browser must open."""
    sysmon.console.answer("/api/v1/links", {"url": "http://127.0.0.1:7480/link/x"})
    assert sysmon("link") == 0
    assert sysmon.out == "http://127.0.0.1:7480/link/x\n"
    assert sysmon.console.asked == ["POST /api/v1/links"]


def test_a_host_is_shut_out_after_a_yes(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host is revoked when that was confirmed, by its name and with the reason; without an answer nothing happens."""
    sysmon.console.answer(
        "/api/v1/hosts/web-01/revoke", {"host": {"id": "ab" * 16, "name": "web-01"}, "revoked": 1, "reason": "sold"}
    )
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert sysmon("hosts", "revoke", "web-01", "--reason", "sold") == 6
    assert not sysmon.console.asked
    assert sysmon("hosts", "revoke", "web-01", "--reason", "sold", "--yes") == 0
    assert sysmon.out == "web-01 is shut out.\n"
    assert sysmon.console.sent == [{"reason": "sold"}]
