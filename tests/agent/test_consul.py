"""Consul as agents use it: real servers with TLS and ACLs, and somebody who answers nonsense."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sysmon_agent.config.values import ConsulSettings
from sysmon_agent.consul import LIFE_SECONDS, Consul
from sysmon_agent.errors import ConsulError
from tests.support.canned_http import answering
from tests.support.clusters.consul import ConsulCluster
from tests.support.system import eventually

POLICY = """
service "sysmon-agent" { policy = "write" }
service "sysmon-aggregator" { policy = "read" }
node_prefix "" { policy = "read" }
"""


@pytest.fixture
def settings(consul_servers: ConsulCluster) -> ConsulSettings:
    """Settings of an agent with a token that may do what the documentation says, and no more."""
    return settings_with(consul_servers, POLICY)


def settings_with(cluster: ConsulCluster, policy: str) -> ConsulSettings:
    node, token = cluster.nodes[0], cluster.token(policy)
    eventually(
        lambda: cluster.ask("GET", "/v1/acl/token/self?stale", node=node, token=token), "the server knows the token"
    )
    return ConsulSettings(**cluster.settings(node, token))


@contextmanager
def registered(cluster: ConsulCluster, region: str, name: str, *tags: str, well: bool = True) -> Iterator[None]:
    """Enter an aggregator in Consul."""
    service = {
        "ID": name,
        "Service": "sysmon-aggregator",
        "Address": f"{name}.example.org",
        "Port": 7443,
        "Tags": list(tags),
        "Meta": {"region": region},
    }
    check = {"Node": name, "CheckID": name, "ServiceID": name, "Status": "passing" if well else "critical"}
    document = {"Node": name, "Address": "127.0.0.1", "Service": service, "Check": check}
    cluster.ask("PUT", "/v1/catalog/register", document)
    try:
        yield
    finally:
        cluster.ask("PUT", "/v1/catalog/deregister", {"Node": name})


def test_the_leader_is_named_first(consul_servers: ConsulCluster, settings: ConsulSettings) -> None:
    """Consul names the aggregators of the region that are well, the leader before the others."""
    region = f"r{secrets.token_hex(4)}"
    with (
        registered(consul_servers, region, f"{region}-a", "standby"),
        registered(consul_servers, region, f"{region}-b", "leader"),
        registered(consul_servers, region, f"{region}-c", "standby", well=False),
        registered(consul_servers, "elsewhere", f"{region}-d", "leader"),
    ):
        expected = (f"{region}-b.example.org:7443", f"{region}-a.example.org:7443")
        eventually(lambda: Consul(settings).aggregators(region) == expected, "Consul knows them")


def test_an_agent_registers_itself(consul_servers: ConsulCluster, settings: ConsulSettings) -> None:
    """A registered agent is a service that is well, with its labels as far as Consul takes them; again is the same."""
    for _ in range(2):
        Consul(settings).register(labels={"role": "db", "a.b": "c", "consul-x": "y"}, tags=["blue"])
    (entry,) = eventually(
        lambda: consul_servers.ask("GET", "/v1/health/service/sysmon-agent?passing"), "the service is well"
    )
    assert (entry["Service"]["Meta"], entry["Service"]["Tags"]) == ({"role": "db"}, ["blue"])
    (check,) = (check for check in entry["Checks"] if check["CheckID"] == "sysmon-agent")
    assert check["Type"] == "ttl"
    assert LIFE_SECONDS >= 3 * 300


def test_a_token_that_may_not_is_told(consul_servers: ConsulCluster) -> None:
    """A refusal is told with what was asked for and Consul's reason, and without the token."""
    settings = settings_with(consul_servers, 'node_prefix "" { policy = "read" }')
    with pytest.raises(ConsulError, match=r"403 to PUT /v1/agent/service/register \(Permission denied") as caught:
        Consul(settings).register(labels={}, tags=[])
    assert settings.token not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b'"text"', b"\xff\xfe"])
def test_nonsense_is_called_so(body: bytes) -> None:
    """What is no list is no answer."""
    with answering(200, body) as url, pytest.raises(ConsulError, match="makes no sense"):
        Consul(ConsulSettings(url=url)).aggregators("r1")


@pytest.mark.parametrize(
    "entry",
    [
        b"null",
        b"{}",
        b'{"Service": {}, "Node": {}}',
        b'{"Service": {"Meta": {"region": "r1"}, "Port": "7443", "Address": "a"}, "Node": {}}',
        b'{"Service": {"Meta": {"region": "r1"}, "Port": 7443, "Address": "a b"}, "Node": {}}',
        b'{"Service": {"Meta": {"region": "r1"}, "Port": 0, "Address": "a"}, "Node": {}}',
    ],
)
def test_an_entry_that_is_no_aggregator_is_passed_over(entry: bytes) -> None:
    """What cannot be an aggregator of the region keeps none of the others from being found."""
    good = b'{"Service": {"Meta": {"region": "r1"}, "Port": 7443, "Address": ""}, "Node": {"Address": "fd00::1"}}'
    with answering(200, b"[" + entry + b"," + good + b"]") as url:
        assert Consul(ConsulSettings(url=url)).aggregators("r1") == ("[fd00::1]:7443",)


def test_a_refusal_is_told() -> None:
    """Whatever Consul answers but 200 is told with its status."""
    with answering(500, b"No cluster leader") as url, pytest.raises(ConsulError, match="answers 500 to GET"):
        Consul(ConsulSettings(url=url)).aggregators("r1")


def test_nobody_there_is_told() -> None:
    """Where no Consul is, its URL is named."""
    with pytest.raises(ConsulError, match=r"http://127\.0\.0\.1:1 cannot be asked"):
        Consul(ConsulSettings(url="http://127.0.0.1:1")).aggregators("r1")


@pytest.mark.parametrize("url", ["127.0.0.1:8500", "ftp://a", "https://"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    """What is no URL of Consul is said to be none."""
    with pytest.raises(ConsulError, match="is no URL of Consul"):
        Consul(ConsulSettings(url=url))
