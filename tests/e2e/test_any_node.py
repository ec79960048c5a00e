"""A region of three, of which any aggregator can be used: what is written through one shows at all."""

from collections.abc import Iterator

import pytest

from sysmon_agent.wire.encode import encode_hello
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, highly_available
from tests.support.clusters.browser import Browser
from tests.support.pushes import HOST, a_hello
from tests.support.raw_agent import RawAgent, tls_context
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

PASSWORD = "seven wet herons at noon"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregators]:
    with highly_available(tmp_path_factory.mktemp("any")) as region:
        eventually(lambda: all(node.state().get("age_ms") is not None for node in standbys(region)), "both show a copy")
        yield region


def leader(region: Aggregators) -> AggregatorNode:
    return eventually(region.leader, "somebody leads")


def standbys(region: Aggregators) -> list[AggregatorNode]:
    return [node for node in region.nodes if node is not leader(region)]


def test_what_is_written_at_a_standby_shows_there_at_once(region: Aggregators) -> None:
    """A user who is added through a standby is in the answer to the next read there, and in the leader's audit log."""
    standby = standbys(region)[0]
    created = standby.ask("POST", "/api/v1/users", {"name": "alice", "role": "admin"})
    assert created["user"]["name"] == "alice"
    assert [user["name"] for user in standby.ask("GET", "/api/v1/users")["users"]] == ["alice"]
    entry = leader(region).ask("GET", "/api/v1/audit")["entries"][0]
    assert entry["action"] == "user.create"
    assert entry["actor"].endswith(f"@{standby.name}")


def test_signing_in_works_at_every_aggregator(region: Aggregators) -> None:
    """Whoever sets a password through one aggregator signs in at all of them, and writes and reads there."""
    first, second = standbys(region)
    link = first.ask("POST", "/api/v1/users", {"name": "bob", "role": "admin"})["invitation"]
    token = link.rpartition("/")[2]
    status, _ = Browser(second).ask("POST", f"/api/v1/invitations/{token}", {"password": PASSWORD})
    assert status == 200
    for number, node in enumerate((first, second, leader(region))):
        browser = Browser(node)
        assert browser.sign_in("bob", PASSWORD) == 200
        wanted = {"name": f"script-{number}", "role": "viewer", "expires_seconds": 3600}
        status, made = browser.ask("POST", "/api/v1/api-tokens", wanted)
        assert status == 201
        script = Browser(node, authorization=f"Bearer {made['secret']}")
        assert script.ask("GET", "/api/v1/fleet")[0] == 200
        assert script.ask("POST", "/api/v1/users", {"name": "eve", "role": "admin"})[0] == 403


def test_standbys_say_how_old_they_are(region: Aggregators) -> None:
    """Each aggregator is ready, and a standby's answers say how old they are."""
    for node in standbys(region):
        browser = Browser(node)
        assert browser.ask("GET", "/readyz")[0] == 200
        browser.ask("GET", "/api/v1/session")
        assert browser.said["sysmon-age-ms"].isdigit()


def test_agents_are_sent_to_the_leader(region: Aggregators) -> None:
    """An agent that says hello to a standby hears who leads, and is served there."""
    issued = region.agent(HOST)
    told = []
    for node in standbys(region):
        agent = RawAgent(node.ingest_port, tls_context(str(issued.authority), issued), host=node.machine.address)
        told.append(agent.post("/v1/hello", encode_hello(a_hello())).problem["leader"])
        agent.close()
    assert set(told) == {leader(region).ingest}
