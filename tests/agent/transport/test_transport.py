"""The connection to an aggregator, over real TLS on loopback."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent import identity
from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.enrolment.keys import Key, signing_request
from sysmon_agent.errors import CertificateExpiredError, IdentityError, TransportError
from sysmon_agent.transport import MAX_BODY_BYTES, MAX_HEAD_BYTES, Connection, connect, parse_head
from sysmon_agent.wire.peer import AGENT, Peer
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.pushes import HOST
from tests.support.tls_server import Script, read_request, tls_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Word: a: b\r\n\r\nhello"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return LocalAuthority.open(tmp_path_factory.mktemp("pki"), SystemClock())


def context_of(issued: IssuedFiles) -> ssl.SSLContext:
    settings = TlsSettings(**issued.settings())
    return identity.load(settings, SystemClock()).context


@contextmanager
def connected(authority: LocalAuthority, script: Script, timeout_seconds: float = 10) -> Iterator[Connection]:
    with tls_server(authority.aggregator(), script) as address:
        connection = connect(
            address,
            context_of(authority.agent(HOST)),
            monotonic=time.monotonic,
            timeout_seconds=timeout_seconds,
        )
        yield connection
        connection.close()


def answering(*answers: bytes) -> Script:
    """Answer request after request with the bytes given, then close."""

    def script(stream: ssl.SSLSocket) -> None:
        for answer in answers:
            read_request(stream)
            stream.sendall(answer)

    return script


def test_a_message_is_posted_and_answered(authority: LocalAuthority) -> None:
    """One connection carries exchange after exchange; session tickets in between confuse nothing."""
    seen = []

    def script(stream: ssl.SSLSocket) -> None:
        for _ in range(3):
            seen.append(read_request(stream))
            stream.sendall(OK)

    with connected(authority, script) as connection:
        answers = [connection.post("/v1/batches", b"body %d" % number) for number in range(3)]
        assert connection.peer.role == "aggregator"
        assert connection.local_address == "127.0.0.1"
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"hello")] * 3
    assert answers[0].headers["x-word"] == "a: b"
    assert seen[1].startswith(b"POST /v1/batches HTTP/1.1\r\n")
    assert seen[1].endswith(b"\r\n\r\nbody 1")


def test_an_answer_may_come_in_pieces(authority: LocalAuthority) -> None:
    """However the network cuts an answer, it is put together."""

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        for position in range(len(OK)):
            stream.sendall(OK[position : position + 1])

    with connected(authority, script) as connection:
        assert connection.post("/v1/hello", b"").body == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2 * MAX_HEAD_BYTES,
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_is_an_error(authority: LocalAuthority, answer: bytes) -> None:
    """Answers that end early, have no length or too much of it, or are no HTTP, are never taken for one."""
    with connected(authority, answering(answer)) as connection, pytest.raises(TransportError):
        connection.post("/v1/hello", b"")


def test_a_silent_aggregator_is_given_up(authority: LocalAuthority) -> None:
    """An answer that does not come in time ends the exchange."""
    done = threading.Event()

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        done.wait(10)

    with connected(authority, script, timeout_seconds=0.2) as connection:
        with pytest.raises(TransportError, match="timed out"):
            connection.post("/v1/hello", b"")
        done.set()


def test_a_slow_drip_does_not_extend_the_time(authority: LocalAuthority) -> None:
    """The time is for the whole answer, not for each byte of it."""
    done = threading.Event()

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        while not done.wait(0.05):
            stream.sendall(b"X")

    with connected(authority, script, timeout_seconds=0.4) as connection:
        with pytest.raises(TransportError, match="timed out"):
            connection.post("/v1/hello", b"")
        done.set()


def test_a_closed_idle_connection_is_noticed_before_sending(authority: LocalAuthority) -> None:
    """When the aggregator has closed an idle connection, nothing is sent into it."""
    with connected(authority, answering(OK)) as connection:
        connection.post("/v1/hello", b"")
        while not connection._ended():  # until the end of the connection has travelled here
            time.sleep(0.001)
        with pytest.raises(TransportError, match="has closed the idle connection"):
            connection.post("/v1/hello", b"")


def test_another_thread_can_end_a_wait(authority: LocalAuthority) -> None:
    """Stopping the agent does not wait for an aggregator that does not answer."""
    asked = threading.Event()
    done = threading.Event()

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        asked.set()
        done.wait(10)

    with connected(authority, script, timeout_seconds=60) as connection:
        threading.Thread(target=lambda: asked.wait(10) and connection.abort()).start()  # type: ignore[func-returns-value]
        with pytest.raises(TransportError):
            connection.post("/v1/hello", b"")
        done.set()


def test_who_is_signed_by_others_is_not_trusted(authority: LocalAuthority, tmp_path: Path) -> None:
    """An aggregator of another authority is refused before anything is sent to it."""
    other = LocalAuthority.open(tmp_path, SystemClock())
    with (
        tls_server(other.aggregator(), answering(OK)) as address,
        pytest.raises(TransportError, match=r"cannot be trusted \(certificate: "),
    ):
        connect(address, context_of(authority.agent(HOST)), monotonic=time.monotonic, timeout_seconds=10)


def test_an_agent_is_no_aggregator(authority: LocalAuthority) -> None:
    """A stolen agent's certificate cannot be used to play the aggregator."""
    with (
        tls_server(authority.agent("f" * 32), answering(OK)) as address,
        pytest.raises((IdentityError, TransportError)),
    ):
        connect(address, context_of(authority.agent(HOST)), monotonic=time.monotonic, timeout_seconds=10)


def test_an_aggregator_of_another_region_is_refused(authority: LocalAuthority) -> None:
    """An agent sends nothing to an aggregator of another region than its own."""
    context = context_of(authority.agent(HOST))
    with tls_server(authority.aggregator(), answering(OK)) as address:
        connect(address, context, monotonic=time.monotonic, timeout_seconds=10, region="local").close()
        with pytest.raises(IdentityError, match="this host is of region elsewhere"):
            connect(address, context, monotonic=time.monotonic, timeout_seconds=10, region="elsewhere")


def expired(authority: LocalAuthority) -> IssuedFiles:
    """Certify a host for a moment that is over."""
    issued = authority.agent("e" * 32)
    key = load_pem_private_key(issued.key.read_bytes(), None)
    assert isinstance(key, Key)
    chain = authority.issuer.sign(signing_request(key).encode(), Peer("local", AGENT, "e" * 32), life_seconds=0).chain
    issued.certificate.write_text(chain)
    return issued


def test_an_expired_certificate_is_told_from_other_failures(authority: LocalAuthority) -> None:
    """Where the other side's clock says that our certificate has expired, the error says so: it can be renewed."""
    context = context_of(authority.agent("e" * 32))
    issued = expired(authority)
    context.load_cert_chain(issued.certificate, issued.key)
    with tls_server(authority.aggregator(), answering(OK)) as address:
        connection = connect(address, context, monotonic=time.monotonic, timeout_seconds=10)
        with pytest.raises(CertificateExpiredError, match="says that the certificate of this host has expired"):
            connection.post("/v1/hello", b"")
        connection.close()


def test_a_handshake_that_does_not_end_is_no_matter_of_trust(authority: LocalAuthority) -> None:
    """An aggregator that is frozen is told from one whose certificate is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        address = f"127.0.0.1:{frozen.getsockname()[1]}"
        with pytest.raises(TransportError, match=r"does not complete the handshake \(timed out\)"):
            connect(address, context_of(authority.agent(HOST)), monotonic=time.monotonic, timeout_seconds=0.1)


def test_nobody_there_is_said_plainly(authority: LocalAuthority) -> None:
    """Where nobody listens, the error names address and reason."""
    with tls_server(authority.aggregator(), answering()) as address:
        pass
    with pytest.raises(TransportError, match=rf"{address} cannot be reached \(Connection refused\)"):
        connect(address, context_of(authority.agent(HOST)), monotonic=time.monotonic, timeout_seconds=10)


@given(st.binary(max_size=200))
def test_any_head_is_read_or_refused(head: bytes) -> None:
    """Whatever answers, the parser returns or raises TransportError."""
    try:
        status, _ = parse_head(head)
    except TransportError:
        return
    assert 0 <= status <= 999
