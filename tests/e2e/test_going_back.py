"""A single aggregator with a real replica goes back to a moment while an agent sends."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.account import assert_delivered_once, assert_whole, stored
from tests.support.pushes import HOST
from tests.support.system import Program, System, UnixConnection, eventually, system_in
from tests.support.tools import program

pytestmark = [pytest.mark.timeout(180)]

BACKUPS = "/api/v1/backups"
CREATED = {http.client.CREATED, http.client.ACCEPTED}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def start(system: System) -> Program:
    replica = {
        "url": (system.folder / "replica").as_uri(),
        "litestream": str(program("litestream")),
        "tick_milliseconds": 250,
    }
    aggregator = system.start_aggregator(replica=replica)
    system.ready()
    return aggregator


def post(system: System, path: str, body: Any) -> Any:
    connection = UnixConnection(system.socket)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    assert answer.status in CREATED, read
    return json.loads(read)


def test_a_drill_passes_and_a_moment_comes_back(system: System) -> None:
    """A drill of the real replica passes; after going back nothing that the agent still had is lost or doubled."""
    aggregator = start(system)
    agent = system.start_agent()
    system.holds(4)
    post(system, f"{BACKUPS}/drill", {})
    drill = eventually(lambda: _ended(system), "the drill has ended")
    assert drill["state"] == "passed", drill

    then_ms, before = SystemClock().wall_ms(), system.stored()
    system.holds(before + 5)
    token = post(system, "/api/v1/tokens", {"ttl_seconds": 3600, "uses": 1})
    begun = post(system, f"{BACKUPS}/restore", {"at": then_ms})
    assert begun["at"] == then_ms
    chapters = eventually(lambda: _epochs(system, 2), "a new epoch has begun")
    assert chapters[-1]["origin"] == "restored"
    assert chapters[-1]["parent"] == chapters[0]["path"]
    assert all(one["id"] != token["id"] for one in system.get("/api/v1/tokens")["tokens"])
    assert system.get("/api/v1/audit/verify")["intact"]
    actions = [entry["action"] for entry in system.get("/api/v1/audit?limit=3")["entries"]]
    assert actions == ["backup.restore", "token.create", "backup.drill"]

    system.holds(before + 8)
    assert (agent.stop(), aggregator.stop()) == (0, 0)
    streams = stored(system.data, HOST)
    assert_whole(streams)
    assert_delivered_once(system.spool, streams)


def _ended(system: System) -> Any:
    drill = system.get(BACKUPS)["drill"]
    return drill if drill["state"] in {"passed", "failed"} else None


def _epochs(system: System, number: int) -> Any:
    chapters = system.get(BACKUPS)["chapters"]
    return chapters if len(chapters) >= number else None
