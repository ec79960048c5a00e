"""`sysmon ha`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.console_server import console_server
from tests.support.shell import Shell

HA = "/api/v1/ha"
HANDOFF = "/api/v1/ha/handoff"
PATH = "epoch-00000006-0123456789abcdef"


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        console.answer(HA, a_region())
        console.answer(HANDOFF, {"checks": [{"name": "standby", "ok": True, "detail": "agg-2 follows."}], "ok": True})
        yield Shell(tmp_path / "s.sock", console, capsys)


def now_ms() -> int:
    return SystemClock().wall_ms()


def a_node(name: str, role: str = "standby", **changes: Any) -> dict[str, Any]:
    return {
        "node": name,
        "ingest": f"{name}:7443",
        "console": f"https://{name}:7480",
        "role": role,
        "epoch": 7,
        "mark": 120,
        "lag_ms": 800,
        "heard": now_ms() - 300,
        "prepared": False,
        "fault": "",
    } | changes


def a_leader(name: str = "agg-1", epoch: int = 7) -> dict[str, Any]:
    return {"node": name, "ingest": f"{name}:7443", "console": f"https://{name}:7480", "epoch": epoch}


def a_region(**changes: Any) -> dict[str, Any]:
    return {
        "topology": "ha",
        "region": "north",
        "cluster": "c",
        "node": "agg-1",
        "role": "leader",
        "epoch": 7,
        "leader": a_leader(),
        "assurance": "read_back",
        "degraded": "",
        "durable": {"mark": 119, "committed_mark": 120, "at": now_ms() - 900, "waiting": 0, "trouble": "", "hint": ""},
        "age_ms": None,
        "nodes": [a_node("agg-1", "leader", lag_ms=0), a_node("agg-2"), a_node("agg-3", mark=118, lag_ms=64_000)],
        "lineage": {"epoch": 7, "path": "epoch-00000007-00", "txid": 512},
        "consul_trouble": "",
        "store_trouble": "",
        "handoff": None,
        "blocked": None,
    } | changes


def blocked(**changes: Any) -> dict[str, Any]:
    found = {
        "code": "lineage_lost",
        "detail": "Consul has lost its data.",
        "hint": "sysmon ha recover",
        "chapters": [
            {"epoch": 5, "path": "epoch-00000005-00", "node": "agg-3", "began": 1_728_000_000_000},
            {"epoch": 6, "path": PATH, "node": "agg-1", "began": 1_728_000_000_000},
        ],
        "databases": ["/var/lib/sysmon/live/live.sqlite"],
    } | changes
    return a_region(role="waiting", leader=None, degraded=found["detail"], blocked=found, assurance="recorded")


def test_the_first_line_says_what_matters(sysmon: Shell) -> None:
    """Who leads, whether it is durable, and who has read it back is said before anything else."""
    assert sysmon("ha", "status") == 0
    first = sysmon.out.splitlines()[0]
    assert first.startswith("Leader agg-1, epoch 7. Durable ")
    assert first.endswith(" s ago, read back by agg-2.")
    rows = [line.split() for line in sysmon.out.splitlines()[1:]]
    assert rows[0] == ["NODE", "ROLE", "EPOCH", "BEHIND", "REPORTED", "STATE"]
    assert rows[2][:5] == ["agg-2", "standby", "7", "0.8", "s"]
    assert rows[3][3:7] == ["1", "m", "4", "s"]


@pytest.mark.parametrize(
    ("assurance", "where"),
    [
        ("committed", "on this disk."),
        ("replicated", "in the replica."),
        ("recorded", "in the replica, and read back by nobody."),
    ],
)
def test_where_it_lasts_is_said(sysmon: Shell, assurance: str, where: str) -> None:
    """The first line says what durable means at this moment."""
    sysmon.console.answer(HA, a_region(assurance=assurance))
    sysmon("ha", "status")
    assert sysmon.out.splitlines()[0].endswith(f" s ago, {where}")


def test_a_single_aggregator_is_no_leader_of_others(sysmon: Shell) -> None:
    """Where there is only one it is called that."""
    sysmon.console.answer(HA, a_region(role="single", assurance="committed", topology="single"))
    assert sysmon("ha", "status") == 0
    assert sysmon.out.startswith("Single aggregator agg-1, epoch 7. Durable ")


def test_a_standby_says_how_old_its_copy_is(sysmon: Shell) -> None:
    """A standby does not claim to know what the leader knows."""
    sysmon.console.answer(HA, a_region(node="agg-2", role="standby", age_ms=800))
    assert sysmon("ha", "status") == 0
    assert sysmon.out.splitlines()[0] == "Leader agg-1, epoch 7. What agg-2 has read back is 0.8 s old."


def test_what_is_degraded_is_an_exit_code(sysmon: Shell) -> None:
    """A script notices that something is less than it should be, and a person reads what to do."""
    trouble = {**a_region()["durable"], "trouble": "The store is gone.", "hint": "curl https://s3.example"}
    state = a_region(durable=trouble, degraded="Nothing becomes durable: The store is gone.", consul_trouble="Gone.")
    sysmon.console.answer(HA, state)
    assert sysmon("ha", "status") == 7
    assert sysmon.out.splitlines()[0] == "Leader agg-1, epoch 7. Nothing becomes durable: The store is gone."
    assert "next: curl https://s3.example" in sysmon.out
    assert "consul" in sysmon.out


def test_documents_are_whole(sysmon: Shell) -> None:
    """As JSON the region is what the API says of it."""
    assert sysmon("ha", "status", "-o", "json") == 0
    (region,) = json.loads(sysmon.out)["regions"]
    assert region["lineage"]["txid"] == 512


def test_faults_and_addresses_are_shown(sysmon: Shell) -> None:
    """A fault that a standby found stands in its row; -o wide adds where each is reached."""
    nodes = [a_node("agg-1", "leader"), a_node("agg-2", fault="Row 9 differs."), a_node("agg-3", prepared=True)]
    sysmon.console.answer(HA, a_region(nodes=nodes, handoff={"to": "agg-3", "epoch": 7}))
    assert sysmon("ha", "status", "-o", "wide") == 0
    assert "found a fault: Row 9 differs." in sysmon.out
    assert "ready to lead" in sysmon.out
    assert "agg-3:7443" in sysmon.out
    assert "agg-3 prepares itself to lead." in sysmon.out


def test_a_silent_node_and_one_that_is_not_known_are_told_apart(sysmon: Shell) -> None:
    """A node that stopped reporting is called silent; of one that was never heard of, nothing is claimed."""
    nodes = [a_node("agg-1", "leader"), a_node("agg-2", heard=now_ms() - 60_000)]
    unknown = a_node("agg-3", epoch=0, mark=0, lag_ms=None, heard=None)
    sysmon.console.answer(HA, a_region(nodes=[*nodes, unknown]))
    sysmon("ha", "status")
    rows = [line.split() for line in sysmon.out.splitlines()[1:]]
    assert rows[2][-1] == "silent"
    assert rows[3] == ["agg-3", "standby", "-", "-", "-"]


def test_a_handoff_is_waited_for(sysmon: Shell) -> None:
    """The command returns when the other one leads, whatever is answered while roles change."""
    sysmon.console.answer_in_turn(HANDOFF, [{"checks": [], "ok": True}, {"to": "agg-2", "epoch": 7}])
    under_way = a_region(handoff={"to": "agg-2", "epoch": 7})
    sysmon.console.answer_in_turn(HA, [under_way, a_region(leader=None), a_region(leader=a_leader("agg-2", 8))])
    assert sysmon("ha", "handoff", "--to", "agg-2", "--yes") == 0
    assert sysmon.out.splitlines()[-1] == "agg-2 leads with epoch 8."
    assert sysmon.console.asked[:2] == [f"GET {HANDOFF}?to=agg-2", f"POST {HANDOFF}"]


def test_a_handoff_need_not_be_waited_for(sysmon: Shell) -> None:
    """With --no-wait the order alone is given."""
    sysmon.console.answer_in_turn(HANDOFF, [{"checks": [], "ok": True}, {"to": "agg-2", "epoch": 7}])
    assert sysmon("ha", "handoff", "--yes", "--no-wait") == 0
    assert "agg-2 prepares itself" in sysmon.out
    assert sysmon.console.sent == [{"to": ""}]


def test_what_stands_against_a_handoff_is_shown(sysmon: Shell) -> None:
    """Where a check fails nothing is ordered, and the reason is in the table."""
    check = {"name": "standby", "ok": False, "detail": "No standby follows closely."}
    sysmon.console.answer(HANDOFF, {"checks": [check], "ok": False})
    assert sysmon("ha", "handoff", "--yes") == 6
    assert "No standby follows closely." in sysmon.out
    assert not sysmon.console.sent


def test_a_handoff_is_asked_about(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ordered without a yes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert sysmon("ha", "handoff") == 6
    assert not sysmon.console.sent


def test_a_region_is_begun_by_typing_its_name(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adopts a database sees it, and types the name of the region that it becomes."""
    sysmon.console.answer_in_turn(HA, [blocked(), a_region()])
    sysmon.console.answer(f"{HA}/adopt", a_region())
    monkeypatch.setattr("sys.stdin", io.StringIO("north\n"))
    assert sysmon("ha", "adopt") == 0
    assert "/var/lib/sysmon/live/live.sqlite" in sysmon.out
    assert sysmon.out.splitlines()[-1].strip() == "agg-1 leads with epoch 7."


@pytest.mark.parametrize("command", ["adopt", "recover"])
def test_another_name_changes_nothing(sysmon: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A slip of the hand is no decision."""
    sysmon.console.answer(HA, blocked())
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert sysmon("ha", command) == 6
    assert all(asked.startswith("GET") for asked in sysmon.console.asked)


@pytest.mark.parametrize("command", ["adopt", "recover"])
def test_where_nobody_waits_nothing_is_decided(sysmon: Shell, command: str) -> None:
    """A region that works needs neither."""
    assert sysmon("ha", command, "--yes") == 6
    assert "waits for nobody's decision" in sysmon.err


def test_the_newest_path_is_recovered(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a choice the newest path is led with, after it was typed."""
    sysmon.console.answer(HA, blocked())
    sysmon.console.answer(f"{HA}/recover", blocked())
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PATH}\n"))
    assert sysmon("ha", "recover", "--no-wait") == 0
    assert sysmon.console.sent == [{"path": PATH}]


def test_an_empty_replica_has_nothing_to_recover(sysmon: Shell) -> None:
    """Where there is no path there is nothing to choose."""
    sysmon.console.answer(HA, blocked(chapters=[]))
    assert sysmon("ha", "recover", "--yes") == 6
    assert "holds nothing" in sysmon.err


def test_a_blocked_node_says_what_to_do(sysmon: Shell) -> None:
    """The status of a node that waits names the reason first and the command that helps."""
    sysmon.console.answer(HA, blocked())
    assert sysmon("ha", "status") == 7
    assert sysmon.out.splitlines()[0] == "agg-1 waits for a decision. Consul has lost its data."
    assert "next: sysmon ha recover" in sysmon.out
