"""What an aggregator does with clients that break the rules: it says so, stores nothing, and goes on."""

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_hello
from sysmon_agent.wire.messages import Schema, Series
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.pushes import HOST, a_body, a_hello
from tests.support.raw_agent import RawAgent, tls_context
from tests.support.system import System, eventually, system_in


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system_in(tmp_path_factory.mktemp("hostile")) as running:
        running.start_aggregator()
        running.ready()
        yield running


@pytest.fixture
def identity(system: System) -> tuple[str, IssuedFiles]:
    """A host of its own for each test."""
    host_id = os.urandom(16).hex()
    return host_id, system.authority.agent(host_id)


@pytest.fixture
def agent(system: System, identity: tuple[str, IssuedFiles]) -> Iterator[RawAgent]:
    """A connection that has said hello and delivered tick 1."""
    connected = connect(system, identity[1])
    assert connected.post("/v1/hello", encode_hello(a_hello())).status == 200
    assert connected.post("/v1/batches", a_body(1)).status == 200
    yield connected
    connected.close()


def connect(system: System, issued: IssuedFiles | None) -> RawAgent:
    return RawAgent(system.ingest_port, tls_context(str(system.authority.agent(HOST).authority), issued))


def assert_still_serves(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """Nothing of the bad input was stored, and the next good batch is."""
    assert system.stored(identity[0]) == 1
    agent.close()
    agent.post("/v1/hello", encode_hello(a_hello(last=1)))
    answer = agent.post("/v1/batches", a_body(2))
    assert answer.reply is not None
    assert answer.reply.durable == 2


def assert_not_let_in(agent: RawAgent) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        agent.post("/v1/hello", encode_hello(a_hello()))
    agent.close()


@pytest.mark.parametrize("body", [b"", b"\xff" * 50, a_body(2)[:-7], a_body(2) + b"\x0a\x7f"])
def test_malformed_batch_is_refused(
    system: System, identity: tuple[str, IssuedFiles], agent: RawAgent, body: bytes
) -> None:
    """An empty, garbled, truncated or trailing batch is refused for good, and the stream goes on."""
    answer = agent.post("/v1/batches", body)
    assert (answer.status, answer.code) == (400, "malformed_message")
    assert_still_serves(system, identity, agent)


def test_oversized_batch_is_refused_before_it_is_read(
    system: System, identity: tuple[str, IssuedFiles], agent: RawAgent
) -> None:
    """A body that declares too many bytes is refused by its declaration alone."""
    request = b"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n"
    agent.send(request)
    received = agent.received()
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"oversized_message" in received
    assert_still_serves(system, identity, agent)


def test_replayed_batch_is_acknowledged_and_stored_once(
    system: System, identity: tuple[str, IssuedFiles], agent: RawAgent
) -> None:
    """A batch that arrives again is acknowledged again and stored once."""
    again = agent.post("/v1/batches", a_body(1))
    assert again.reply is not None
    assert again.reply.stored == 1
    assert_still_serves(system, identity, agent)


def test_batch_that_leaves_a_hole_is_refused_with_the_number_that_is_missing(
    system: System, identity: tuple[str, IssuedFiles], agent: RawAgent
) -> None:
    """A batch that skips numbers without declaring them is told which number is expected."""
    answer = agent.post("/v1/batches", a_body(5))
    assert (answer.status, answer.code, answer.problem["expected"]) == (409, "unexpected_tick", 2)
    assert_still_serves(system, identity, agent)


def test_overlapping_batch_is_refused(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """A batch of which a part is stored already is refused whole, so that nothing is stored twice."""
    answer = agent.post("/v1/batches", a_body(1, count=3))
    assert (answer.code, answer.problem["expected"]) == ("unexpected_tick", 2)
    assert_still_serves(system, identity, agent)


def test_batch_without_hello_is_refused(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """A connection that has not said hello for a stream cannot add to it."""
    stranger = connect(system, identity[1])
    assert stranger.post("/v1/batches", a_body(2)).code == "need_hello"
    stranger.close()
    assert_still_serves(system, identity, agent)


def test_unknown_schema_is_asked_for(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """A batch under a schema that the aggregator has not seen is accepted once the schema comes with it."""
    unseen = Schema((Series("system.uptime"),))
    asked = agent.post("/v1/batches", a_body(2, schema=unseen, with_schema=False))
    assert (asked.status, asked.code) == (409, "need_schema")
    told = agent.post("/v1/batches", a_body(2, schema=unseen))
    assert told.reply is not None
    assert system.stored(identity[0]) == 2


def test_certificate_of_another_authority_is_refused(system: System, tmp_path: Path) -> None:
    """An agent whose certificate another authority signed gets no connection."""
    foreign = LocalAuthority.open(tmp_path / "pki", SystemClock()).agent(HOST)
    assert_not_let_in(connect(system, foreign))


def test_client_without_certificate_is_refused(system: System) -> None:
    """A client that shows no certificate is told that it needs one."""
    stranger = connect(system, None)
    answer = stranger.post("/v1/hello", encode_hello(a_hello()))
    assert (answer.status, answer.code) == (403, "certificate_required")
    stranger.close()


def test_aggregators_certificate_cannot_push(system: System) -> None:
    """A certificate with the role of an aggregator cannot say hello or push as an agent."""
    for path, body in (("/v1/hello", encode_hello(a_hello())), ("/v1/batches", a_body(1))):
        stranger = connect(system, system.authority.aggregator())
        answer = stranger.post(path, body)
        assert (answer.status, answer.code) == (403, "bad_identity")
        stranger.close()


def test_half_a_request_holds_nobody_up(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """A client that stops in the middle of a request does not keep others from delivering."""
    stuck = connect(system, identity[1])
    stuck.send(b"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\nabc")
    assert_still_serves(system, identity, agent)
    stuck.close()


def test_plain_http_is_refused(system: System, identity: tuple[str, IssuedFiles], agent: RawAgent) -> None:
    """A client that speaks plain HTTP to the ingest port is cut off."""
    with socket.create_connection(("127.0.0.1", system.ingest_port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        eventually(lambda: not plain.recv(100).startswith(b"HTTP/"), "the connection is cut")
    assert_still_serves(system, identity, agent)
