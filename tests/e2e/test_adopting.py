"""A single aggregator becomes the first of three; and one of another region is kept out."""

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.services.live_folders import SINGLE_NAME
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, three_machines
from tests.support.clusters.ticking import TickingAgent, past, seal, ticking, ticks
from tests.support.operators import Operator
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

PATIENCE = 120.0
ADOPT = "/api/v1/ha/adopt"


@dataclass(frozen=True, slots=True)
class Before:
    """What a single aggregator had."""

    ticks: int
    began_ms: int
    sealed_ms: int
    past: Any  # of what is sealed


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregators]:
    """Three machines, on the first of which a single aggregator runs."""
    with three_machines(tmp_path_factory.mktemp("adopt")) as region:
        region.nodes[0].configure()
        region.nodes[0].start()
        eventually(region.nodes[0].state, "it answers", PATIENCE)
        yield region


@pytest.fixture(scope="module")
def agent(region: Aggregators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickingAgent]:
    with ticking(region, tmp_path_factory.mktemp("agent") / "agent") as agent:
        yield agent


@pytest.fixture(scope="module")
def before(region: Aggregators, agent: TickingAgent) -> Before:
    """Let the single aggregator gather what it is to bring along, and end."""
    single, began_ms = region.nodes[0], SystemClock().wall_ms()
    single.ask("POST", "/api/v1/users", {"name": "alice", "role": "admin"})
    agent.is_served(single)
    sealed_ms = seal(single)
    agent.is_served(single)
    before = Before(ticks(single), began_ms, sealed_ms, past(single, began_ms, sealed_ms))
    assert single.stop() == 0
    return before


@pytest.fixture(scope="module")
def adopted(region: Aggregators, before: Before) -> Before:
    """Begin a region with that aggregator's database, and let two others join."""
    first, second, _ = region.nodes
    shutil.copytree(first.data, second.data)
    region.configure()
    first.start()
    blocked = eventually(partial(what_blocks, first), "it waits for a decision", PATIENCE)
    assert (blocked["code"], blocked["hint"]) == ("database_found", "sysmon ha adopt")
    assert "agg1 leads with epoch" in Operator(first.folder / "s.sock")("ha", "adopt", "--yes")
    for node in region.nodes[1:]:
        node.start()
    assert region.settle() is first
    return before


def test_all_that_it_had_is_there(region: Aggregators, agent: TickingAgent, adopted: Before) -> None:
    """Ticks, users and the audit log come along, and the agent goes on where it was."""
    leader = region.settle()
    assert ticks(leader) >= adopted.ticks
    assert [user["name"] for user in leader.ask("GET", "/api/v1/users")["users"]] == ["alice"]
    assert leader.ask("GET", "/api/v1/audit/verify")["intact"]
    agent.is_served(leader)


def test_its_segments_are_read_by_all(region: Aggregators, adopted: Before) -> None:
    """What lay in segments on its disk alone is told by every aggregator of the region."""
    for node in region.nodes:
        eventually(partial(tells, node, adopted), f"{node.name} tells of it")


@pytest.mark.usefixtures("adopted")
def test_a_second_database_is_not_adopted(region: Aggregators) -> None:
    """An aggregator that brings a database of its own follows the region's, and leaves its own where it is."""
    second = region.nodes[1]
    with pytest.raises(http.client.HTTPException, match="409"):
        second.ask("POST", ADOPT, {})
    assert (second.data / SINGLE_NAME).is_file()
    assert second.state()["role"] == "standby"


@pytest.mark.usefixtures("adopted")
def test_an_aggregator_of_another_region_is_kept_out(region: Aggregators, agent: TickingAgent) -> None:
    """One whose disk is of another cluster waits for a person: it follows nothing, and its disk stays as it is."""
    leader, foreign = region.settle(), region.nodes[2]
    assert foreign.stop() == 0
    cluster = foreign.data / "cluster"
    own = cluster.read_text("ascii")
    cluster.write_text("f" * len(own.strip()), "ascii")
    foreign.start()
    blocked = eventually(partial(what_blocks, foreign), "it waits for a decision", PATIENCE)
    assert blocked["code"] == "foreign_cluster"
    epoch = region.settle().state()["epoch"]
    agent.is_served(leader, more=5)
    assert foreign.state()["role"] == "waiting"
    assert not list(foreign.data.glob("following-*"))
    assert cluster.read_text("ascii") == "f" * len(own.strip())
    assert leader.state()["epoch"] == epoch


def tells(node: AggregatorNode, before: Before) -> bool:
    return bool(past(node, before.began_ms, before.sealed_ms) == before.past)


def what_blocks(node: AggregatorNode) -> Any:
    return node.state().get("blocked")
