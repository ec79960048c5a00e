"""The client of simulated hosts, over real TLS on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError, TransportError
from sysmon_appliance.demo.client import Connection, tls_context
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.pushes import HOST

ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nhe", b"llo")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return LocalAuthority.open(tmp_path_factory.mktemp("pki"), SystemClock())


def context_of(issued: IssuedFiles) -> ssl.SSLContext:
    return tls_context(TlsSettings(**issued.settings()))


@asynccontextmanager
async def server(shown: IssuedFiles, answers: Sequence[bytes] = ANSWER) -> AsyncIterator[int]:
    """Serve on loopback with a certificate: each request gets the same answer, in pieces; no pieces, no answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536) and answers:
            for piece in answers:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def test_answer_may_come_in_pieces(authority: LocalAuthority) -> None:
    """An answer is taken when it is complete, however it is cut on its way, and the connection is used again."""
    async with server(authority.aggregator()) as port:
        connection = await Connection.to("127.0.0.1", port, context_of(authority.agent(HOST)))
        first = await connection.post("/v1/hello", b"a")
        second = await connection.post("/v1/batches", b"b")
        connection.close()
    assert (first.status, first.body) == (200, b"hello")
    assert second == first


async def test_hanging_up_is_an_error(authority: LocalAuthority) -> None:
    """A connection that ends before the answer is an error of transport, now and at the next request."""
    async with server(authority.aggregator(), answers=()) as port:
        connection = await Connection.to("127.0.0.1", port, context_of(authority.agent(HOST)))
        for _ in range(2):
            with pytest.raises(TransportError):
                await connection.post("/v1/hello", b"a")


async def test_other_authority_is_not_trusted(authority: LocalAuthority, tmp_path: Path) -> None:
    """Nothing is sent to a server that another authority has signed."""
    stranger = LocalAuthority.open(tmp_path, SystemClock())
    async with server(stranger.aggregator()) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await Connection.to("127.0.0.1", port, context_of(authority.agent(HOST)))


async def test_agent_is_not_taken_for_an_aggregator(authority: LocalAuthority) -> None:
    """A server that shows the certificate of an agent is not spoken to."""
    async with server(authority.agent("f" * 32)) as port:
        with pytest.raises((IdentityError, ssl.SSLCertVerificationError)):
            await Connection.to("127.0.0.1", port, context_of(authority.agent(HOST)))
