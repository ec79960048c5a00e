"""Aggregators over Consul in memory, and over real servers."""

import secrets
from collections.abc import Iterator
from functools import partial
from typing import cast

import pytest

from sysmon_appliance.consul.policy import policy
from tests.support.clusters.consul import ConsulCluster, ConsulNode
from tests.support.ha.members import Members, RealMembers, TwinMembers, real_members
from tests.support.system import eventually


@pytest.fixture
def twin() -> TwinMembers:
    return TwinMembers()


@pytest.fixture
def real(consul_servers: ConsulCluster) -> Iterator[RealMembers]:
    region = f"r{secrets.token_hex(4)}"
    rules = [
        policy(f"sysmon/{region}/", region, consul_node=node.name, registers_hosts=True)
        for node in consul_servers.nodes
    ]
    token = consul_servers.token("\n".join(rules))
    for node in consul_servers.nodes:  # each has to hear of it from the one that leads
        eventually(partial(_knows, consul_servers, node, token), "a server knows the token")
    with real_members(consul_servers, region, token) as members:
        yield members


def _knows(cluster: ConsulCluster, node: ConsulNode, token: str) -> bool:
    """Ask what a server answers by itself, without the one that leads."""
    return cluster.ask("GET", "/v1/agent/services", node=node, token=token) is not None


@pytest.fixture(params=["twin", "real"])
def members(request: pytest.FixtureRequest) -> Members:
    """Both, in turn: what a test says of them is true of either."""
    return cast("Members", request.getfixturevalue(request.param))
