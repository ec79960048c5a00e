"""One TLS connection to an aggregator, and just as much HTTP/1.1 as its few routes need.

The standard library's client would triple the cost of a push and load the email package; this speaks of one kind of
answer only: with a Content-Length, small, and in time. Anything else is an error, after which the connection is closed.
Nothing is ever sent again from here: whether to do that is the uplink's decision.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sysmon_agent.config.addresses import parse_address
from sysmon_agent.errors import CertificateExpiredError, IdentityError, TransportError
from sysmon_agent.wire.peer import AGGREGATOR, Peer, peer_of
from sysmon_agent.wire.routes import MESSAGE_TYPE

CONNECT_SECONDS = 5.0
"""How long at most an address and its handshake may take: a host that is off, or hangs, says nothing, and the next
aggregator should not have to wait for it."""

MAX_HEAD_BYTES = 16 << 10
MAX_BODY_BYTES = 64 << 10
_CHUNK = 16 << 10
_HINT = "sysmon-agent check"
_CLOCK_HINT = "timedatectl status"
_TIME_FAULTS = {9, 10}
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Connection:
    """A connection on which requests are answered one after the other.

    Parameters
    ----------
    monotonic
        Returns seconds that never step.
    timeout_seconds
        For the whole of connecting, and for the whole of each exchange.
    """

    def __init__(
        self, stream: ssl.SSLSocket, host: str, *, monotonic: Callable[[], float], timeout_seconds: float
    ) -> None:
        self._stream = stream
        self._host = host
        self._monotonic = monotonic
        self._timeout = timeout_seconds
        self._buffer = bytearray()

    @property
    def peer(self) -> Peer:
        """Who is on the other side; raises IdentityError where its certificate was not verified or is none of ours."""
        return peer_of(self._stream.getpeercert())

    @property
    def local_address(self) -> str:
        """The address of this host that the aggregator sees, unless there is translation between them."""
        return str(self._stream.getsockname()[0])

    def post(self, path: str, body: bytes) -> Response:
        """Send a message and return the answer to it; see `exchange`."""
        return self.exchange("POST", path, body, media_type=MESSAGE_TYPE)

    def exchange(self, method: str, path: str, body: bytes, *, media_type: str) -> Response:
        """Send a request and return the answer to it.

        Raises
        ------
        CertificateExpiredError
            The other side ends the connection because this host's certificate has expired.
        TransportError
            There is no answer, in time or at all. Whether the request has arrived is not known.
        """
        if ended := self._ended():
            raise ended
        deadline = self._monotonic() + self._timeout
        try:
            self._stream.settimeout(self._timeout)
            self._stream.sendall(_request(method, path, self._host, body, media_type=media_type))
        except OSError as error:
            # What the other side said before it closed tells more than that nothing can be sent to it.
            ended = self._ended()
            raise (ended if isinstance(ended, CertificateExpiredError) else _failed(self._host, error)) from error
        try:
            return self._receive(deadline)
        except OSError as error:
            raise _failed(self._host, error) from error

    def close(self) -> None:
        self._stream.close()

    def abort(self) -> None:
        """Wake up a thread that waits in `post`; it raises TransportError."""
        try:
            # Below TLS: the farewell of TLS would wait for the lock that the other thread holds.
            socket.socket.shutdown(self._stream, socket.SHUT_RDWR)
        except OSError:
            return  # closed already

    def _ended(self) -> TransportError | None:
        """Say that the other side has closed; session tickets, which may wait to be read, are taken in passing."""
        self._stream.settimeout(0.0)
        try:
            self._stream.recv(1)
        except ssl.SSLWantReadError:
            return None
        except OSError as error:
            if isinstance(failure := _failed(self._host, error), CertificateExpiredError):
                return failure
        return TransportError("The aggregator has closed the idle connection.")  # or answers what nobody asked

    def _receive(self, deadline: float) -> Response:
        head = self._take_until(b"\r\n\r\n", deadline)
        status, headers = parse_head(head)
        return Response(status, headers, self._take(_content_length(headers), deadline))

    def _take_until(self, mark: bytes, deadline: float) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise TransportError("The answer has too long a head; is this port an aggregator's?", hint=_HINT)
            self._fill(deadline)
        return self._cut(end + len(mark))

    def _take(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < length:
            self._fill(deadline)
        return self._cut(length)

    def _cut(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _fill(self, deadline: float) -> None:
        remaining = deadline - self._monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._stream.settimeout(remaining)
        received = self._stream.recv(_CHUNK)
        if not received:
            raise TransportError("The aggregator closed the connection instead of answering.")
        self._buffer += received


def connect(
    address: str, context: ssl.SSLContext, *, monotonic: Callable[[], float], timeout_seconds: float, region: str = ""
) -> Connection:
    """Connect to HOST:PORT and verify that an aggregator of ours is there, of this region where one is named.

    Raises
    ------
    TransportError
        Nobody answers there, or not with TLS that can be trusted.
    IdentityError
        Somebody with a good certificate answers, but no aggregator, or one of another region.
    """
    connection = reach(address, context, monotonic=monotonic, timeout_seconds=timeout_seconds)
    try:
        _check_peer(connection.peer, region)
    except IdentityError:
        connection.close()
        raise
    return connection


def reach(
    address: str, context: ssl.SSLContext, *, monotonic: Callable[[], float], timeout_seconds: float
) -> Connection:
    """Connect to HOST:PORT, whoever is there, as far as the context allows it; raises TransportError."""
    try:
        where = parse_address(address)
    except ValueError as error:
        raise TransportError(f"{address!r} is no address: {error}.", hint=_HINT) from error
    try:
        patience = min(timeout_seconds, CONNECT_SECONDS)
        plain = socket.create_connection((_plain(where.host), where.port), patience)  # type: ignore[arg-type] # bytes will do
    except OSError as error:
        raise TransportError(f"{address} cannot be reached ({explain(error)}).", hint=_HINT) from error
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # No server name is sent: certificates are checked for their role, and the name would load the idna codec.
        stream = context.wrap_socket(plain)
    except OSError as error:
        plain.close()
        raise _untrusted(address, error) from error
    return Connection(stream, address, monotonic=monotonic, timeout_seconds=timeout_seconds)


def _check_peer(peer: Peer, region: str) -> None:
    if peer.role != AGGREGATOR:
        raise IdentityError(f"{peer.uri} answers, which is no aggregator.", hint=_HINT)
    if region and peer.region != region:
        raise IdentityError(f"{peer.uri} answers, and this host is of region {region}.", hint=_HINT)


def _untrusted(address: str, error: OSError) -> TransportError:
    judged = "cannot be trusted" if isinstance(error, ssl.SSLError) else "does not complete the handshake"
    is_time = isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _TIME_FAULTS
    return TransportError(f"{address} {judged} ({explain(error)}).", hint=_CLOCK_HINT if is_time else _HINT)


def _failed(address: str, error: OSError) -> TransportError:
    # With TLS 1.3 the other side judges our certificate after our handshake has ended.
    if isinstance(error, ssl.SSLError) and (error.reason or "").endswith("ALERT_CERTIFICATE_EXPIRED"):
        return CertificateExpiredError(
            f"{address} says that the certificate of this host has expired.", hint="sysmon-agent renew"
        )
    return TransportError(f"The exchange with {address} failed ({explain(error)}).", hint=_HINT)


def _plain(host: str) -> bytes:
    """Encode a host name; as text it would load the idna codec, a megabyte, which only foreign letters need."""
    return host.encode("ascii" if host.isascii() else "idna")


def explain(error: OSError) -> str:
    """Say in few words why an exchange failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or str(error) or type(error).__name__


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Read a response's head, blank line included.

    Raises
    ------
    TransportError
        It is none of HTTP/1.1.
    """
    lines = head.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    if version not in {"HTTP/1.1", "HTTP/1.0"} or not rest[:3].isdecimal():
        raise TransportError("The answer is not HTTP; is this port an aggregator's?", hint=_HINT)
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _request(method: str, path: str, host: str, body: bytes, *, media_type: str) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _content_length(headers: Mapping[str, str]) -> int:
    value = headers.get("content-length", "")
    if not value.isdecimal() or int(value) > MAX_BODY_BYTES or "transfer-encoding" in headers:
        raise TransportError("The answer has no length, or too much of it; is this port an aggregator's?", hint=_HINT)
    return int(value)
