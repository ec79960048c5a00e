"""What aggregators may ask of the one that leads, and what nobody else may."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.web.peer_wire import HEADER, Forwarded, Report
from tests.support.peers import PROGRESS, READ, Leader, leading
from tests.support.pushes import HOST, a_hello
from tests.support.topology import SECOND

REPORT = msgspec.json.encode(Report(SECOND, READ))
CAME = {HEADER.decode(): Forwarded("192.0.2.7", "https", "https://standby.example").header().decode()}
PEERS_ROUTES = [
    ("POST", "/v1/standby"),
    ("POST", "/v1/%73tandby"),
    ("POST", "/v1/forwarded/api/v1/session"),
    ("GET", "/v1/forwarded/healthz"),
    ("GET", "/v1/%66orwarded/healthz"),
]


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Leader]:
    with leading(tmp_path) as made:
        yield made


def test_a_report_reaches_the_leader(leader: Leader) -> None:
    """The leader hears how far a standby has read, and answers how far it is itself."""
    link = leader.link()
    assert link.report(leader.address, SECOND, READ) == PROGRESS
    assert leader.reports.heard == [(SECOND, READ)]
    link.close()


@pytest.mark.parametrize(("method", "path"), PEERS_ROUTES)
def test_an_agent_is_no_standby(leader: Leader, method: str, path: str) -> None:
    """An agent's certificate opens no route between aggregators, however that is spelled."""
    agent = leader.raw(leader.listener.authority.agent(HOST))
    answer = agent.ask(method, path, REPORT, CAME)
    agent.close()
    assert (answer.status, answer.code) == (403, "bad_identity")
    assert not leader.reports.heard


@pytest.mark.parametrize(("method", "path"), PEERS_ROUTES)
def test_a_stranger_is_no_standby(leader: Leader, method: str, path: str) -> None:
    """Without a certificate no route between aggregators answers."""
    stranger = leader.raw(None)
    answer = stranger.ask(method, path, REPORT, CAME)
    stranger.close()
    assert (answer.status, answer.code) == (403, "certificate_required")
    assert not leader.reports.heard


@pytest.mark.parametrize("path", ["/v1/hello", "/v1/batches", "/v1/%62atches", "/v1/renew", "/v1/reenroll"])
def test_an_aggregator_is_no_agent(leader: Leader, path: str) -> None:
    """An aggregator's certificate pushes nothing, says no hello, and becomes no host's."""
    aggregator = leader.raw(leader.certificate)
    body = encode_hello(a_hello()) if path == "/v1/hello" else b'{"request": "x", "name": "x"}'
    answer = aggregator.ask("POST", path, body)
    aggregator.close()
    assert answer.code in {"bad_identity", "not_found"}
    assert leader.listener.catalog.find(HOST) is None


def test_a_withdrawn_aggregator_is_heard_no_more(leader: Leader) -> None:
    """Once an aggregator's intermediate is revoked, its next report is refused, on an open connection too."""
    peer = leader.raw(leader.certificate)
    assert peer.ask("POST", "/v1/standby", REPORT).status == 200
    name = leader.listener.authority.issuer.name
    operator = Principal(Kind.SOCKET, "root", Role.ADMIN)
    leader.run(leader.listener.identity.revocation.revoke_issuer(name, "stolen", operator))
    assert peer.ask("POST", "/v1/standby", REPORT).code == "certificate_revoked"
    peer.close()
    assert len(leader.reports.heard) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff", REPORT[:-1], REPORT.replace(b"118", b'"118"'), REPORT.replace(b"{", b'{"more":1,', 1)],
)
def test_a_report_that_makes_no_sense(leader: Leader, body: bytes) -> None:
    """What is no report is refused, and changes nothing."""
    peer = leader.raw(leader.certificate)
    answer = peer.ask("POST", "/v1/standby", body)
    peer.close()
    assert (answer.status, answer.code) == (400, "malformed_message")
    assert not leader.reports.heard


@pytest.mark.parametrize("value", [None, "", "{}", "[]", '{"client": 1}', '{"client":"","scheme":"ftp","base_url":""}'])
def test_a_request_without_an_origin_is_passed_on_to_nobody(leader: Leader, value: str | None) -> None:
    """A standby that does not say where a request came from is refused."""
    peer = leader.raw(leader.certificate)
    answer = peer.ask("GET", "/v1/forwarded/healthz", headers={} if value is None else {HEADER.decode(): value})
    peer.close()
    assert (answer.status, answer.code) == (400, "malformed_message")


def test_a_large_body_is_passed_on(leader: Leader) -> None:
    """What the API takes from a browser it takes from a standby too, up to the same size and no further."""
    peer = leader.raw(leader.certificate)
    values = json.dumps({"padding": "x" * 500_000}).encode()
    answer = peer.ask("POST", "/v1/forwarded/api/v1/session", values, CAME | {"x-sysmon": "1"})
    assert answer.code == "oversized_message"  # of that route; the listener has let it pass
    assert peer.ask("POST", "/v1/forwarded/api/v1/imports", b"x" * ((1 << 20) + 1), CAME).status == 413
    peer.close()
