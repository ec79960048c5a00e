"""What OpenSSL, which agents and aggregators use, makes of the certificates."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.peer import AGENT, AGGREGATOR, Peer
from sysmon_appliance.pki.certificates import Material, certify, pem_of
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import (
    AGENT_PROFILE,
    AGGREGATOR_PROFILE,
    CONSOLE_PROFILE,
    CONSUL_PROFILE,
    INTERMEDIATE_PROFILE,
)
from sysmon_appliance.pki.times import moment
from tests.support.handshakes import Handshake, client_context, server_context, shake_hands
from tests.support.pki import REGION, Station, Tree, station, tree
from tests.support.pushes import HOST

AGENT_URI = Peer(REGION, AGENT, HOST).uri


@pytest.fixture
def made(tmp_path: Path) -> Station:
    return station(tmp_path, SystemClock())


def handshake(made: Station, client: Material) -> Handshake:
    """Let an agent connect to the aggregator."""
    server = server_context(made.issuer.server(AGGREGATOR_PROFILE, LOOPBACK), made.files.authority)
    return shake_hands(server, client_context(client, made.files.authority))


def agent_of(made: Station) -> Material:
    return tree(made.clock).agent(made.issuer.material)


def trusting(made: Station, grown: Tree) -> Station:
    """Let the aggregator trust the tree's root beside its own."""
    made.files.authority.write_bytes(pem_of([*made.root.roots(), grown.root.certificate]))
    return made


def test_both_sides_know_each_other(made: Station) -> None:
    """An agent and an aggregator of one root connect under strict verification, and the agent is recognised."""
    seen = handshake(made, agent_of(made))
    assert (seen.problems, seen.peer, seen.version) == ([], AGENT_URI, "TLSv1.3")


def test_aggregators_know_each_other(made: Station) -> None:
    """The certificate with which an aggregator serves agents is good for connecting to another aggregator too."""
    seen = handshake(made, made.issuer.server(AGGREGATOR_PROFILE, LOOPBACK))
    assert (seen.problems, seen.peer) == ([], Peer(REGION, AGGREGATOR, "agg1").uri)


def test_a_consoles_certificate_opens_no_connection(made: Station) -> None:
    """The certificate that browsers see is refused where a client's is expected."""
    seen = handshake(made, made.issuer.server(CONSOLE_PROFILE, LOOPBACK))
    assert any("server: unsuitable certificate purpose" in problem for problem in seen.problems)


def test_an_agents_certificate_serves_nobody(made: Station) -> None:
    """An agent that plays the aggregator is refused by other agents."""
    agent = agent_of(made)
    server = server_context(agent, made.files.authority)
    seen = shake_hands(server, client_context(agent, made.files.authority))
    assert any("client: unsuitable certificate purpose" in problem for problem in seen.problems)


def expired(made: Station) -> Material:
    key, now = new_key(), moment(made.clock) - timedelta(days=5)
    profile = replace(AGENT_PROFILE, life=timedelta(days=2))
    certificate = certify(made.issuer.material, key.public_key(), Peer(REGION, AGENT, HOST), profile=profile, now=now)
    return Material(certificate, key, (made.issuer.material.certificate,))


def foreign(made: Station) -> Material:
    grown = tree(made.clock)
    return grown.agent(grown.intermediate())


def of_consul(made: Station) -> Material:
    grown = tree(made.clock)
    trusting(made, grown)
    return grown.agent(grown.intermediate(profile=CONSUL_PROFILE))


def below_too_many(made: Station) -> Material:
    grown = tree(made.clock)
    trusting(made, grown)
    above = grown.intermediate(profile=replace(INTERMEDIATE_PROFILE, path_length=1))
    return grown.agent(grown.intermediate(below=above))


def signed_by_an_agent(made: Station) -> Material:
    grown = tree(made.clock)
    return grown.agent(agent_of(made))


def without_its_chain(made: Station) -> Material:
    return replace(agent_of(made), above=())


BAD = {
    "expired": (expired, "certificate has expired"),
    "not valid yet": (
        lambda made: tree(made.clock).agent(made.issuer.material, later=timedelta(days=2)),
        "certificate is not yet valid",
    ),
    "foreign": (foreign, "unable to get local issuer certificate"),
    "signed for Consul": (of_consul, "excluded subtree violation"),
    "one authority too many": (below_too_many, "path length constraint exceeded"),
    "signed by an agent": (signed_by_an_agent, "invalid CA certificate"),
    "without its chain": (without_its_chain, "unable to get local issuer certificate"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_certificate_gets_no_connection(made: Station, what: str) -> None:
    """A certificate that is expired, foreign, or not an authority's to give is refused by TLS itself."""
    make, reason = BAD[what]
    seen = handshake(made, make(made))
    assert any(problem == f"server: {reason}" for problem in seen.problems), seen.problems


def test_old_and_new_root_are_trusted_side_by_side(made: Station) -> None:
    """While a root is replaced, certificates below either connect; once the old one is retired, only the new do."""
    old = agent_of(made)
    made.root.rotate("test", moment(made.clock))
    made.install(made.signed())
    new = agent_of(made)
    assert handshake(made, old).peer == handshake(made, new).peer == AGENT_URI
    made.root.retire()
    made.files.trust(made.root.authority.read_bytes())
    assert handshake(made, new).peer == AGENT_URI
    assert handshake(made, old).problems
