"""The listener of agents against those who connect in bad faith: whoever is enrolled is served all the same."""

import contextlib
import resource
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.web import acceptor
from sysmon_appliance.web.gate import Stage
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from tests.support.flood import connected, flooded, without_certificate
from tests.support.ingest_server import Listener, listening
from tests.support.pushes import a_body, a_hello
from tests.support.system import eventually

HELLO = encode_hello(a_hello())
FEW = LimitSettings(strangers_per_address=5, handshakes_per_second=20, pushes_per_second=1000)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path, FEW) as listener:
        yield listener


def ended(connection: socket.socket) -> bool:
    """Wait until the listener ends a connection."""
    connection.settimeout(20)
    with contextlib.suppress(ConnectionError):
        return connection.recv(1) == b""
    return True


def open_strangers(listener: Listener) -> int:
    return listener.server.gate.stages[Stage.STRANGER]


def busy_connections(listener: Listener) -> int:
    """Count the connections on which a request is under way."""
    connections = [one for one in listener.server.server_state.connections if isinstance(one, IngestProtocol)]
    return sum(one.cycle is not None and not one.cycle.response_complete for one in connections)


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "the beginning of a handshake"])
def test_a_handshake_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, listener: Listener, sent: bytes
) -> None:
    """Whoever connects and does not finish a handshake in time is cut off, and leaves nothing behind."""
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)
    with connected(listener.port, "127.0.0.9") as connection:
        connection.sendall(sent)
        assert ended(connection)
    assert eventually(lambda: not +listener.server.gate.stages, "nobody is counted any more")


def test_a_handshake_that_trickles_in_is_cut_off(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    """Sending a byte now and then does not prolong the time that a handshake may take."""
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.3)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    with connected(listener.port, "127.0.0.9") as connection, contextlib.suppress(ConnectionError):
        for byte in hello:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        pytest.fail("the listener took the bytes of ten seconds")


def test_what_is_no_tls_is_ended(listener: Listener) -> None:
    """Plain HTTP, or noise, gets the connection closed."""
    with connected(listener.port, "127.0.0.9") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 10)
        connection.settimeout(20)
        with contextlib.suppress(ConnectionError):
            while connection.recv(4096):
                pass


def test_one_address_cannot_hoard_connections(listener: Listener) -> None:
    """An address gets so many connections without a certificate and no more; others and agents get theirs."""
    with contextlib.ExitStack() as held:
        context = without_certificate()
        for _ in range(5):
            held.enter_context(context.wrap_socket(connected(listener.port, "127.0.0.9")))
        waiting = held.enter_context(connected(listener.port, "127.0.0.9"))
        held.enter_context(context.wrap_socket(connected(listener.port, "127.0.0.8")))
        agent = listener.agent()
        assert agent.post("/v1/hello", HELLO).status == 200
        agent.close()
        assert eventually(lambda: open_strangers(listener) == 6, "the strangers are counted")
        waiting.settimeout(0.1)
        with pytest.raises(TimeoutError):
            waiting.recv(1)


def test_strangers_who_ask_for_nothing_are_sent_away(listener: Listener) -> None:
    """A connection without a certificate that was idle for long makes room, also after it has asked for something."""
    context = without_certificate()
    with context.wrap_socket(connected(listener.port, "127.0.0.9")) as stranger:
        stranger.sendall(b"GET /v1/authority HTTP/1.1\r\nhost: x\r\n\r\n")
        assert stranger.recv(4096).startswith(b"HTTP/1.1")
        listener.sweep(seconds_later=60)
        stranger.settimeout(20)
        with contextlib.suppress(ConnectionError):
            while stranger.recv(4096):
                pass
    assert eventually(lambda: not open_strangers(listener), "the stranger is not counted any more")


def test_a_body_that_does_not_come_is_not_waited_for(listener: Listener) -> None:
    """A request whose body stops half-way makes room after a while, whether or not its sender has a certificate."""
    head = b"POST /v1/%s HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"
    with without_certificate().wrap_socket(connected(listener.port, "127.0.0.9")) as stranger:
        agent = listener.wire()
        stranger.sendall(head % b"enroll")
        agent.send(head % b"hello")
        eventually(lambda: busy_connections(listener) == 2, "the heads have arrived")
        listener.sweep(seconds_later=60)
        stranger.settimeout(20)
        assert ended(stranger)
        assert not agent.rest()
        agent.close()
    assert eventually(lambda: not open_strangers(listener), "the stranger is not counted any more")


def test_an_answer_that_nobody_reads_is_not_waited_for(listener: Listener) -> None:
    """Whoever leaves answers unread until no more fit into the buffers makes room after a while."""
    with without_certificate().wrap_socket(connected(listener.port, "127.0.0.9")) as stranger:
        eventually(lambda: open_strangers(listener) == 1, "the stranger is there")
        (connection,) = listener.server.server_state.connections
        listener.loop.call_soon_threadsafe(connection.pause_writing)  # as the transport says that its buffer is full
        stranger.sendall(b"GET /v1/authority HTTP/1.1\r\nhost: x\r\n\r\n")
        eventually(lambda: busy_connections(listener), "the answer waits")
        listener.sweep(seconds_later=60)
        assert eventually(lambda: not open_strangers(listener), "the stranger is not counted any more")


def test_the_end_does_not_wait_for_strangers(tmp_path: Path) -> None:
    """An aggregator that is stopped waits neither for handshakes nor for those who wait for one."""
    with contextlib.ExitStack() as held:
        with listening(tmp_path, FEW) as listener:
            gate = listener.server.gate
            silent = [held.enter_context(connected(listener.port, "127.0.0.9")) for _ in range(8)]
            eventually(lambda: gate.stages[Stage.SHAKING] == 5 and gate.waiting == 3, "some shake hands, some wait")
        assert not +gate.stages
        assert all(ended(connection) for connection in silent)


def test_the_end_does_not_wait_for_bodies(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An aggregator that is stopped ends requests of which half has not come, and makes no noise about them."""
    with contextlib.ExitStack() as held:
        with listening(tmp_path) as listener:
            stranger = held.enter_context(without_certificate().wrap_socket(connected(listener.port, "127.0.0.9")))
            stranger.sendall(b"POST /v1/enroll HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
            eventually(lambda: busy_connections(listener) == 1, "the head has arrived")
        assert ended(stranger)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_without_file_descriptors_connections_wait(
    monkeypatch: pytest.MonkeyPatch, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the process has no file descriptor left, connections are taken as soon as it has one again."""
    monkeypatch.setattr(acceptor, "_PAUSE_SECONDS", 0.1)
    context = without_certificate()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as connection:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            connection.connect(("127.0.0.1", listener.port))
            eventually(lambda: "Connections cannot be accepted" in caplog.text, "the listener has noticed")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        connection.settimeout(20)
        with context.wrap_socket(connection) as stranger:
            assert stranger.version() == "TLSv1.3"


def test_a_new_certificate_is_for_new_connections(listener: Listener) -> None:
    """After the certificate was replaced, new connections see it, and those that are open go on as they were."""
    agent, context = listener.agent(), without_certificate()
    assert agent.post("/v1/hello", HELLO).status == 200
    with context.wrap_socket(connected(listener.port, "127.0.0.9")) as stranger:
        before = stranger.getpeercert(binary_form=True)
    listener.renew()
    assert agent.post("/v1/batches", a_body(1)).status == 200
    with context.wrap_socket(connected(listener.port, "127.0.0.9")) as stranger:
        assert stranger.getpeercert(binary_form=True) != before
    agent.close()


def push_times(listener: Listener, first: int, count: int) -> list[float]:
    """Push ticks over one connection, each answered with success, and return how long each answer took."""
    agent = listener.agent()
    assert agent.post("/v1/hello", HELLO).status == 200
    times = []
    for number in range(first, first + count):
        began = time.perf_counter()
        answer = agent.post("/v1/batches", a_body(number))
        times.append(time.perf_counter() - began)
        assert answer.reply is not None
        assert answer.reply.durable == number
    agent.close()
    return times


def test_a_flood_of_handshakes_leaves_agents_served(listener: Listener) -> None:
    """While many addresses flood the listener, enrolled agents connect and every one of their pushes is answered."""
    quiet = push_times(listener, 1, 100)
    with flooded(listener.port):
        loud = push_times(listener, 101, 100) + push_times(listener, 201, 100)
    assert statistics.median(loud) < 10 * statistics.median(quiet)
    assert open_strangers(listener) <= 12 * 5
