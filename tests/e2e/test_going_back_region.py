"""A region of three goes back to a moment: a new epoch, which every aggregator follows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sysmon_agent.clock import SystemClock
from tests.support.account import assert_delivered_once, assert_whole, stored
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, highly_available
from tests.support.pushes import HOST
from tests.support.system import Program, eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

BACKUPS = "/api/v1/backups"


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Aggregators]:
    with highly_available(tmp_path) as region:
        yield region


@pytest.fixture
def agent(region: Aggregators, tmp_path: Path) -> Iterator[Program]:
    """An agent that takes a tick each second and knows all three."""
    settings = tmp_path / "agent.yaml"
    content = {
        "name": "under-test",
        "interval_seconds": 1,
        "aggregators": list(region.addresses),
        "tls": region.agent(HOST).settings(),
        "spool": {"directory": str(tmp_path / "spool"), "min_free_bytes": 0},
        "uplink": {"backoff_seconds": 1},
    }
    settings.write_text(yaml.safe_dump(content), encoding="utf-8")
    program = Program(["-m", "sysmon_agent", "run", "--config", str(settings)], tmp_path / "agent.log")
    yield program
    program.kill()


def leader(region: Aggregators) -> AggregatorNode:
    return eventually(region.leader, "somebody leads")


def ticks(node: AggregatorNode) -> int:
    return sum(stream["stored"] for host in node.ask("GET", "/api/v1/ledger")["hosts"] for stream in host["streams"])


def test_a_region_goes_back_and_loses_nothing_that_agents_have(
    region: Aggregators, agent: Program, tmp_path: Path
) -> None:
    """After going back the region is durable again by itself, and every tick is there once."""
    old = leader(region)
    eventually(lambda: ticks(old) >= 5, "some ticks are stored")
    then_ms, before = SystemClock().wall_ms(), ticks(old)
    eventually(lambda: ticks(old) >= before + 5, "more ticks are stored")
    epoch = old.state()["epoch"]
    begun = old.ask("POST", f"{BACKUPS}/restore", {"at": then_ms})
    assert begun["at"] == then_ms

    new = eventually(lambda: _later(region, epoch), "a later epoch is read back by a standby")
    chapters = new.ask("GET", BACKUPS)["chapters"]
    assert (chapters[-1]["origin"], chapters[-1]["parent"]) == ("restored", begun["path"])
    assert new.ask("GET", "/api/v1/audit?limit=1")["entries"][0]["action"] == "backup.restore"
    eventually(lambda: ticks(new) >= before + 8, "what came later is sent again")
    assert agent.stop() == 0
    eventually(region.is_well, "the region is well")
    region.kill()
    streams = stored(new.live_database().parent, HOST)
    assert_whole(streams)
    assert_delivered_once(tmp_path / "spool", streams)


def _later(region: Aggregators, epoch: int) -> AggregatorNode | None:
    found: Any = region.leader()
    return found if found and region.is_well() and found.state()["epoch"] > epoch else None
