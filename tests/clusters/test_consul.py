"""The Consul servers that other tests run on."""

import http.client
import uuid

import pytest

from tests.support.clusters.consul import ConsulCluster
from tests.support.system import eventually

RULES = 'key_prefix "sysmon/" { policy = "write" }'


def test_a_token_may_do_what_its_rules_say(consul_servers: ConsulCluster) -> None:
    """A token writes below its own prefix, and nowhere else."""
    token = consul_servers.token(RULES)
    assert consul_servers.ask("PUT", "/v1/kv/sysmon/a", 1, token=token) is True
    with pytest.raises(http.client.HTTPException, match="lacks permission"):
        consul_servers.ask("PUT", "/v1/kv/elsewhere/a", 1, token=token)


def test_nobody_may_do_anything_without_a_token(consul_servers: ConsulCluster) -> None:
    """Whoever shows no token that Consul knows reads nothing."""
    with pytest.raises(http.client.HTTPException, match="403"):
        consul_servers.ask("GET", "/v1/kv/sysmon/a", token=str(uuid.uuid4()))


@pytest.mark.fault
def test_another_server_leads_when_the_leader_is_killed(consul_servers: ConsulCluster) -> None:
    """Consul goes on without the server that led, and takes it back when it returns."""
    killed = consul_servers.leader()
    killed.kill()
    eventually(lambda: consul_servers.leader() is not killed, "another server leads")
    killed.start()
    eventually(lambda: consul_servers.ask("GET", "/v1/status/leader", node=killed), "it is back")
    eventually(consul_servers.is_ready, "all servers are well")
