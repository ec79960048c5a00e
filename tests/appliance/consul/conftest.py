"""Aggregators over Consul in memory, and over real servers."""

import secrets
from collections.abc import Iterator
from typing import cast

import pytest

from sysmon_appliance.consul.policy import policy
from tests.support.clusters.consul import ConsulCluster
from tests.support.ha.members import Members, RealMembers, TwinMembers, real_members


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
    with real_members(consul_servers, region, consul_servers.token("\n".join(rules))) as members:
        yield members


@pytest.fixture(params=["twin", "real"])
def members(request: pytest.FixtureRequest) -> Members:
    """Both, in turn: what a test says of them is true of either."""
    return cast("Members", request.getfixturevalue(request.param))
