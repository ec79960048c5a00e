"""Agents' requests over real TLS, good and bad."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_hello
from sysmon_agent.wire.messages import Reply
from tests.support.authority import LocalAuthority
from tests.support.ingest_server import Listener, Wire, listening
from tests.support.pushes import HOST, a_body, a_hello
from tests.support.raw_agent import RawAgent, tls_context
from tests.support.system import eventually

HELLO = encode_hello(a_hello())
SMALLEST_LIMIT = 4096


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path, max_body_bytes=SMALLEST_LIMIT) as listener:
        yield listener


@pytest.fixture
def agent(listener: Listener) -> Iterator[RawAgent]:
    agent = listener.agent()
    yield agent
    agent.close()


@pytest.fixture
def wire(listener: Listener) -> Iterator[Wire]:
    wire = listener.wire()
    yield wire
    wire.close()


def greeted(wire: Wire) -> Wire:
    """Say hello on a connection, and read the answer."""
    wire.send(request(HELLO, path="/v1/hello"))
    assert wire.receive().startswith(b"HTTP/1.1 200 ")
    return wire


def request(body: bytes, *, path: str = "/v1/batches", method: str = "POST", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


def test_hello_and_batches_on_one_connection(agent: RawAgent, listener: Listener) -> None:
    """An agent says hello once and pushes batch after batch over the same connection."""
    assert agent.post("/v1/hello", HELLO).reply == Reply(1, 0, 0)
    assert [agent.post("/v1/batches", a_body(number)).reply for number in (1, 2, 3)] == [
        Reply(1, number, number) for number in (1, 2, 3)
    ]
    assert [entry.stored for entry in listener.catalog.entries()] == [3]
    assert len(listener.server.server_state.connections) == 1


def test_an_error_leaves_the_connection_open(agent: RawAgent) -> None:
    """A refused batch is explained by a problem document, and the next one is taken on the same connection."""
    agent.post("/v1/hello", HELLO)
    refused = agent.post("/v1/batches", a_body(2))
    assert (refused.status, refused.code, refused.problem["expected"]) == (409, "unexpected_tick", 1)
    assert agent.post("/v1/batches", a_body(1)).reply == Reply(1, 1, 1)


@pytest.mark.parametrize("body", [b"", b"\xff" * 50, a_body(1)[:-10], a_body(1) + b"\x07"])
def test_malformed_batches_are_refused_for_good(agent: RawAgent, body: bytes) -> None:
    """Bytes that are no batch get 400, which tells the agent to set them aside."""
    agent.post("/v1/hello", HELLO)
    refused = agent.post("/v1/batches", body)
    assert (refused.status, refused.code) == (400, "malformed_message")


def test_a_malformed_hello_is_refused(agent: RawAgent) -> None:
    """Bytes that are no hello get 400."""
    assert agent.post("/v1/hello", b"\xff" * 50).code == "malformed_message"


def test_a_batch_before_hello_is_told_to_say_it(agent: RawAgent) -> None:
    """A connection that pushes before its hello gets 409 need_hello."""
    assert agent.post("/v1/batches", a_body(1)).code == "need_hello"


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/hello"])
def test_an_oversized_body_is_refused_before_it_is_read(wire: Wire, path: str) -> None:
    """A body that says it is too large gets 413 although not a byte of it was sent."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {SMALLEST_LIMIT + 1}\r\n\r\n".encode()
    wire.send(head)
    answer = wire.rest()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"oversized_message" in answer


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/hello"])
def test_a_chunked_body_is_bounded_too(wire: Wire, path: str) -> None:
    """A body that does not say its length is refused as soon as it is too large."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    wire.send(head + b"400\r\n" + (b"x" * 1024 + b"\r\n400\r\n") * 8)
    assert wire.rest().startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/hello", "/"])
@pytest.mark.parametrize("piece", [b"x" * 16_000, b"name: value\r\n" * 1000], ids=["one header", "many headers"])
def test_a_head_without_end_is_refused(wire: Wire, path: str, piece: bytes) -> None:
    """An agent gone wild cannot fill the memory with a request that never comes to its point."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):  # the aggregator may have stopped reading
        for part in (f"POST {path} HTTP/1.1\r\nx: ".encode(), *[piece] * 8):
            wire.send(part)
    assert wire.rest().startswith(b"HTTP/1.1 413 ")


def test_a_long_head_does_not_shorten_the_body(wire: Wire) -> None:
    """Head and body are bounded apart from each other."""
    wire.send(request(HELLO, path="/v1/hello", headers=f"x: {'y' * 60_000}\r\n"))
    assert wire.receive().startswith(b"HTTP/1.1 200 ")


def test_a_chunked_batch_is_taken(wire: Wire) -> None:
    """A body in chunks is as good as one with a length."""
    body = a_body(1)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:20], body[20:], b""))
    greeted(wire).send(b"POST /v1/batches HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunks)
    assert wire.receive().startswith(b"HTTP/1.1 200 ")


def test_a_batch_in_many_small_pieces_is_taken(wire: Wire) -> None:
    """A request that arrives a few bytes at a time is put together again."""
    whole = request(a_body(1))
    greeted(wire)
    for start in range(0, len(whole), 7):
        wire.send(whole[start : start + 7])
    assert wire.receive().startswith(b"HTTP/1.1 200 ")


def test_a_client_that_asks_first_is_told_to_go_on(wire: Wire) -> None:
    """A client that waits for 100 Continue gets it, and then its answer."""
    body = a_body(1)
    whole = request(body, headers="expect: 100-continue\r\n")
    greeted(wire).send(whole[: -len(body)])
    assert wire.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(body)
    assert wire.receive().startswith(b"HTTP/1.1 200 ")


def test_a_client_that_does_not_wait_gets_one_answer(wire: Wire) -> None:
    """Of two batches sent at once the first is answered and the connection ends, so that the other is sent again."""
    greeted(wire).send(request(a_body(1)) + request(a_body(2)))
    answer = wire.rest()
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert b"connection: close" in answer


def test_a_batch_that_overtakes_the_answer_to_hello_is_not_taken(wire: Wire) -> None:
    """A batch that does not wait for the answer to hello is dropped, and the connection ends after that answer."""
    wire.send(request(HELLO, path="/v1/hello") + request(a_body(1)))
    answer = wire.rest()
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert b"connection: close" in answer


def test_a_client_that_wants_to_end_is_let_go(wire: Wire) -> None:
    """A batch with `connection: close` is answered, and the connection ended."""
    greeted(wire).send(request(a_body(1), headers="connection: close\r\n"))
    answer = wire.rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 100, b"GET\r\n\r\n", b"POST /v1/batches HTTP/1.1\r\ncontent-length: abc\r\n\r\n"]
)
def test_what_is_not_http_is_refused(wire: Wire, garbage: bytes) -> None:
    """Bytes that are no HTTP get 400 and the end of the connection."""
    wire.send(garbage)
    answer = wire.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"malformed_message" in answer


def test_garbage_behind_a_batch_does_not_look_like_its_answer(wire: Wire) -> None:
    """A batch that is followed by garbage gets its own answer, never the complaint about the garbage."""
    greeted(wire).send(request(a_body(1)) + b"\x00" * 100)
    assert wire.rest().startswith(b"HTTP/1.1 200 ")


def test_no_other_protocol_is_spoken(wire: Wire) -> None:
    """A request to change the protocol is refused."""
    wire.send(request(b"", path="/", headers="connection: upgrade\r\nupgrade: websocket\r\n"))
    assert b"HTTP/1.1 400 " in wire.rest()


def test_other_routes_are_not_found(agent: RawAgent) -> None:
    """A path that does not exist gets a problem document."""
    assert agent.post("/v1/nothing", b"").code == "not_found"


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/hello"])
def test_reading_is_not_what_the_routes_are_for(wire: Wire, path: str) -> None:
    """The two routes take POST and nothing else."""
    wire.send(request(b"", path=path, method="GET", headers="connection: close\r\n"))
    answer = wire.rest()
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"method_not_allowed" in answer


def test_a_certificate_that_expires_ends_its_connection_at_the_next_request(
    agent: RawAgent, listener: Listener
) -> None:
    """A certificate is checked at every request: a connection does not outlive it."""
    agent.post("/v1/hello", HELLO)
    listener.clock.advance(3 * 365 * 86_400)
    refused = agent.post("/v1/batches", a_body(1))
    assert (refused.status, refused.code) == (403, "certificate_expired")


def test_an_aggregators_certificate_is_no_agents(listener: Listener) -> None:
    """Who connects with an identity that is no agent's is refused by name."""
    agent = listener.agent("not-a-host-id")
    refused = agent.post("/v1/hello", HELLO)
    assert (refused.status, refused.code) == (403, "bad_identity")
    assert "not-a-host-id" in refused.problem["detail"]


def test_the_host_is_the_certificates(listener: Listener) -> None:
    """Two agents that send the same bytes are two hosts, because their certificates are."""
    agents = [listener.agent(host_id) for host_id in (HOST, "f" * 32)]
    for agent in agents:
        agent.post("/v1/hello", HELLO)
        assert agent.post("/v1/batches", a_body(1)).reply == Reply(1, 1, 1)
        agent.close()
    assert [host.host_id for host in listener.catalog.all()] == [HOST, "f" * 32]


def test_a_silent_connection_is_closed_after_its_time(agent: RawAgent, listener: Listener) -> None:
    """A connection stays open between pushes for the time that is set, and no longer."""
    agent.post("/v1/hello", HELLO)
    agent.post("/v1/batches", a_body(1))
    listener.sweep(seconds_later=800)
    assert agent.post("/v1/batches", a_body(2)).reply == Reply(1, 2, 2)
    listener.sweep(seconds_later=1000)
    assert eventually(lambda: not listener.server.server_state.connections, "the connection is closed")


def test_a_request_that_trickles_in_is_cut_off(wire: Wire, listener: Listener) -> None:
    """A client that takes minutes to send one request is disconnected."""
    wire.send(request(a_body(1))[:-5])
    eventually(lambda: listener.server.server_state.connections, "the connection is there")
    listener.sweep(seconds_later=60)
    assert wire.rest() == b""


def test_too_many_connections_are_turned_away(tmp_path: Path) -> None:
    """A connection beyond the limit is closed before it has cost a handshake; those that were there stay."""
    with listening(tmp_path, max_connections=1) as listener:
        first, second = listener.agent(), listener.agent("f" * 32)
        first.post("/v1/hello", HELLO)
        with pytest.raises(OSError, match=r"EOF|reset"):
            second.post("/v1/hello", HELLO)
        assert listener.server.gate.refused == {"connections": 1}
        assert first.post("/v1/batches", a_body(1)).reply == Reply(1, 1, 1)
        first.close()
        second.close()


def test_stopping_answers_what_was_submitted(tmp_path: Path) -> None:
    """An aggregator that is stopped answers the batches that it has begun to commit."""
    answers: list[Reply | None] = []
    with listening(tmp_path, commit_milliseconds=300) as listener:
        agent = listener.agent()
        agent.post("/v1/hello", HELLO)
        push = threading.Thread(target=lambda: answers.append(agent.post("/v1/batches", a_body(1)).reply))
        push.start()
        eventually(lambda: listener.barrier.waiting, "the batch is submitted")
    push.join()
    agent.close()
    assert answers == [Reply(1, 1, 1)]


def test_a_foreign_certificate_gets_no_connection(listener: Listener, tmp_path: Path) -> None:
    """A certificate of another authority is refused by TLS, before a byte of HTTP."""
    foreign = LocalAuthority.open(tmp_path / "foreign", SystemClock()).agent(HOST)
    context = tls_context(str(listener.authority.agent(HOST).authority), foreign)
    assert refused_by_tls(listener.port, context)


@pytest.mark.parametrize("path", ["/v1/hello", "/v1/batches", "/v1/reenroll", "/", "/v1/enroll?", "/v1/enroll/"])
def test_without_a_certificate_nothing_is_taken(listener: Listener, path: str) -> None:
    """Whoever shows no certificate is told so on every route but those of enrolment, and the connection ends."""
    context = tls_context(str(listener.authority.agent(HOST).authority), None)
    with closing(Wire(listener.port, context)) as stranger:
        stranger.send(request(HELLO, path=path))
        answer = stranger.rest()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"certificate_required" in answer


def test_older_tls_gets_no_connection(listener: Listener) -> None:
    """TLS 1.2 is refused."""
    issued = listener.authority.agent(HOST)
    context = tls_context(str(issued.authority), issued)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert refused_by_tls(listener.port, context)


def test_plain_http_gets_no_answer(listener: Listener) -> None:
    """There is no way in without TLS."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=20) as plain:
        plain.sendall(request(a_body(1)))
        assert b"HTTP" not in plain.recv(65536)


def refused_by_tls(port: int, context: ssl.SSLContext) -> bool:
    """Whether TLS itself ends the connection; with TLS 1.3 the client hears of it when it reads."""
    try:
        with closing(Wire(port, context)) as wire:
            wire.send(request(HELLO, path="/v1/hello"))
            wire.receive()
    except (ssl.SSLError, ConnectionError):
        return True
    return False
