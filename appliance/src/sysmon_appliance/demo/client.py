"""The agents' side of HTTP for many hosts in one process: a keep-alive connection each, one request at a time."""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Self, cast

from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError, TransportError
from sysmon_agent.wire.peer import AGGREGATOR, peer_of
from sysmon_agent.wire.routes import MESSAGE_TYPE

TIMEOUT_SECONDS = 15.0
"""For connecting, and for each answer."""

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it says."""

    status: int
    headers: dict[bytes, bytes]  # names in lower case
    body: bytes


def request(path: str, body: bytes, *, media_type: str = MESSAGE_TYPE) -> bytes:
    """Return the bytes of a POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: aggregator\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def trusting(authority: str) -> ssl.SSLContext:
    """Trust whom the authority in a file has signed: the role in the URI counts, never a host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    return context


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """Show a certificate as well."""
    context = trusting(settings.authority)
    context.load_cert_chain(settings.certificate, settings.key)
    return context


class Connection(asyncio.Protocol):
    """A connection to an aggregator; open it with `to`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None
        self._gone = asyncio.Event()

    @classmethod
    async def to(cls, host: str, port: int, context: ssl.SSLContext) -> Self:
        """Connect, and check that an aggregator answers.

        Raises
        ------
        OSError
            Nobody listens, or the handshake failed.
        IdentityError
            The other side is no aggregator.
        """
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(cls, host, port, ssl=context)
        if peer_of(transport.get_extra_info("peercert")).role != AGGREGATOR:
            transport.close()
            raise IdentityError("The other side is no aggregator.")
        return connection

    def post(self, path: str, body: bytes) -> asyncio.Future[Answer]:
        return self.send(request(path, body))

    def send(self, message: bytes) -> asyncio.Future[Answer]:
        """Send a whole request; the result is its answer, or TransportError when the connection ends first."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._fail("The aggregator has closed the connection.")
        else:
            self._transport.write(message)
        return self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def end(self) -> None:
        """Close, and wait until the connection is gone on this side."""
        self.close()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        status, headers = _parse_head(bytes(self._received[:end]))
        start = end + len(_HEAD_END)
        stop = start + int(headers.get(b"content-length", b"0"))
        if len(self._received) < stop:
            return
        body = bytes(self._received[start:stop])
        del self._received[:stop]
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(status, headers, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gone.set()
        self._fail(f"The connection to the aggregator was lost ({exc})." if exc else "The aggregator hung up.")

    def _fail(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(TransportError(reason))


def _parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return int(first.split(b" ", 2)[1]), headers
