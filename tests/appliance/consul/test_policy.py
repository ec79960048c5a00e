"""What the policy of an aggregator's token does not let it do; that it is enough is shown by the contract suite."""

import http.client
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.ha.members import RealMembers

HOST = {"Node": "web-1", "Address": "10.0.0.7"}
FORBIDDEN: Mapping[str, tuple[str, str, Any]] = {
    "write another region's keys": ("PUT", "/v1/kv/sysmon/other/leader", "x"),
    "write keys beyond its region's": ("PUT", "/v1/kv/sysmon/{region}", "x"),
    "write keys of others": ("PUT", "/v1/kv/app/secret", "x"),
    "delete all keys": ("DELETE", "/v1/kv/?recurse", None),
    "make a session on a node of others": ("PUT", "/v1/session/create", {"Node": "other", "NodeChecks": []}),
    "register another service": ("PUT", "/v1/agent/service/register", {"Name": "web"}),
    "enter a node of others": ("PUT", "/v1/catalog/register", HOST),
    "enter a host of another region": ("PUT", "/v1/catalog/register", {**HOST, "Node": "sysmon-other--web-1"}),
    "enter a host of a region whose name goes on": (
        "PUT",
        "/v1/catalog/register",
        {**HOST, "Node": "sysmon-{region}-2--web-1"},
    ),
    "remove a server": ("PUT", "/v1/catalog/deregister", {"Node": "consul1"}),
    "read tokens": ("GET", "/v1/acl/tokens", None),
    "make a token": ("PUT", "/v1/acl/token", {"Description": "mine"}),
    "change a policy": ("PUT", "/v1/acl/policy", {"Name": "mine", "Rules": ""}),
    "read how the servers are": ("GET", "/v1/operator/raft/configuration", None),
    "take a snapshot": ("GET", "/v1/snapshot", None),
    "read the agent's configuration": ("GET", "/v1/agent/self", None),
    "let a server leave": ("PUT", "/v1/agent/leave", None),
    "fire an event": ("PUT", "/v1/event/fire/deploy", None),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_token_can_do_no_more(real: RealMembers, what: str) -> None:
    """Whoever takes an aggregator's token gets the region's lock and its hosts with it, and nothing else."""
    method, path, body = FORBIDDEN[what]
    if isinstance(body, dict):
        body = {name: _of(value, real.region) for name, value in body.items()}
    with pytest.raises(http.client.HTTPException, match=r" (403|500|400) .*[Pp]ermission denied"):
        real.cluster.ask(method, _of(path, real.region), body, token=real.token)


def test_a_token_reads_nothing_of_others(real: RealMembers) -> None:
    """Keys, nodes and services of others are not even listed for it."""
    for path in ("/v1/catalog/nodes", "/v1/agent/members", "/v1/session/list"):
        assert real.cluster.ask("GET", path, token=real.token) == []
    assert set(real.cluster.ask("GET", "/v1/catalog/services", token=real.token)) <= {
        "sysmon-aggregator",
        "sysmon-agent",
    }


def _of(value: Any, region: str) -> Any:
    return value.replace("{region}", region) if isinstance(value, str) else value
