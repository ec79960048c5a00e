"""A region that loses more than one machine, all that Consul knows, or what the replica holds."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from pathlib import PurePath
from typing import Any

import pytest
from obstore.store import S3Store

from tests.support.clusters.aggregators import REGION, AggregatorNode, Aggregators, highly_available
from tests.support.clusters.garage import BUCKET
from tests.support.clusters.garage import REGION as STORE_REGION
from tests.support.clusters.ticking import TickingAgent, ticking
from tests.support.operators import Operator
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

PATIENCE = 120.0


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregators]:
    with highly_available(tmp_path_factory.mktemp("lost")) as region:
        yield region


@pytest.fixture(scope="module")
def agent(region: Aggregators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickingAgent]:
    with ticking(region, tmp_path_factory.mktemp("agent") / "agent") as agent:
        agent.is_served(region.settle())
        yield agent


def test_a_region_without_power_comes_back_by_itself(region: Aggregators, agent: TickingAgent) -> None:
    """After aggregators, Consul and object store are killed at once and start again, all goes on; nothing is lost."""
    epoch = region.settle().state()["epoch"]
    everything = (*region.nodes, *region.consul.nodes, *region.garage.nodes)
    for server in everything:
        server.kill()
    for server in everything:
        server.start()
    leader = region.settle()
    assert leader.state()["epoch"] > epoch
    agent.is_served(leader)
    agent.assert_nothing_lost()


def test_aggregators_are_restarted_one_after_the_other(region: Aggregators, agent: TickingAgent) -> None:
    """An aggregator that is asked to end gives the lock back before it has ended, and nothing is lost."""
    for node in region.nodes:
        region.settle()
        assert node.stop() == 0
        assert key(region, "leader").get("node", {}).get("name") != node.name
        node.start()
        eventually(partial(shows_a_copy, node), f"{node.name} shows a copy", PATIENCE)
    agent.is_served(region.settle())
    agent.assert_nothing_lost()


def test_a_region_whose_consul_lost_everything_waits_for_a_person(region: Aggregators, agent: TickingAgent) -> None:
    """Nobody leads by itself; whoever is told to recover goes on from the newest path, and nothing is lost."""
    before = region.settle().state()
    region.consul.forget()
    assert_waits_for_recovery(region, before["lineage"]["path"])
    recover(region, region.nodes[1], before["epoch"])
    agent.is_served(region.settle())
    agent.assert_nothing_lost()


def test_a_region_that_was_down_while_consul_lost_everything(region: Aggregators, agent: TickingAgent) -> None:
    """Aggregators that find Consul empty when they start wait as well, and one can lead with what the replica holds."""
    before = region.settle().state()
    region.kill()
    region.consul.forget()
    region.start()
    assert_waits_for_recovery(region, before["lineage"]["path"])
    recover(region, region.nodes[2], before["epoch"])
    agent.is_served(region.settle())
    agent.assert_nothing_lost()


def test_nobody_leads_with_less_than_was_promised(region: Aggregators, agent: TickingAgent) -> None:
    """Where the replica has lost what the lineage names, no aggregator leads, and each says why until it is back."""
    region.settle()
    region.kill()
    taken = take_away(region)
    region.start()
    for node in region.nodes:
        eventually(partial(says_what_is_missing, node), f"{node.name} says so", PATIENCE)
    assert region.leader() is None
    for name, content in taken.items():
        store(region).put(name, content)
    agent.is_served(region.settle())
    agent.assert_nothing_lost()


def shows_a_copy(node: AggregatorNode) -> bool:
    return node.state().get("age_ms") is not None


def says_what_is_missing(node: AggregatorNode) -> bool:
    return "of the replica reaches to" in node.state().get("degraded", "")


def what_blocks(node: AggregatorNode) -> Any:
    return node.state().get("blocked")


def assert_waits_for_recovery(region: Aggregators, newest: str) -> None:
    for node in region.nodes:
        blocked = eventually(partial(what_blocks, node), f"{node.name} waits", PATIENCE)
        assert blocked["code"] == "lineage_lost"
        assert blocked["hint"] == "sysmon ha recover"
        assert blocked["chapters"][-1]["path"] == newest
    assert region.leader() is None


def recover(region: Aggregators, node: AggregatorNode, epoch: int) -> None:
    """Tell an aggregator to lead, and see that it does, in a later epoch."""
    said = Operator(node.folder / "s.sock")("ha", "recover", "--yes")
    assert f"{node.name} leads with epoch" in said
    state = region.settle().state()
    assert state["leader"]["node"] == node.name
    assert state["epoch"] > epoch


def key(region: Aggregators, name: str) -> dict[str, Any]:
    """Read a key of the region in Consul; nothing where it is empty."""
    (found,) = region.consul.ask("GET", f"/v1/kv/sysmon/{REGION}/{name}")
    value: dict[str, Any] = json.loads(base64.b64decode(found["Value"] or b"e30="))
    return value


def store(region: Aggregators) -> S3Store:
    keys, node = region.garage.keys, region.garage.nodes[0]
    return S3Store(
        BUCKET,
        endpoint=node.endpoint,
        region=STORE_REGION,
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        client_options={"allow_http": True},
    )


def take_away(region: Aggregators) -> dict[str, bytes]:
    """Delete all that holds the newest position that was promised, and return it."""
    lineage, bucket = key(region, "lineage"), store(region)
    pages = bucket.list(f"region/live/{lineage['path']}/")
    names = [each["path"] for page in pages for each in page if newest_in(each["path"]) >= lineage["txid"]]
    taken = {name: bytes(bucket.get(name).bytes()) for name in names}
    bucket.delete(names)
    assert taken
    return taken


def newest_in(name: str) -> int:
    """Return the newest position in a file of Litestream's, such as …/0000000000000001-0000000000000007.ltx."""
    return int(PurePath(name).stem.partition("-")[2], 16)
