"""The server of console and API against clients that do not play along."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from itertools import repeat
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from sysmon_agent.clock import SystemClock
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.web import servers
from sysmon_appliance.web.gate import Stage
from sysmon_appliance.web.limits import console_gate
from sysmon_appliance.web.listeners import address_of, tcp_listener
from sysmon_appliance.web.tls import LiveContext, TlsFiles
from tests.support.authority import LocalAuthority
from tests.support.flood import connected, without_certificate

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that answers everything with `fine`."""
    with tcp_listener("127.0.0.1:0", "console.listen") as listener:
        server = servers.console_server(PlainTextResponse("fine"))
        serving = asyncio.create_task(server.serve([listener]))
        yield address_of(listener).port
        server.stop()
        await serving


async def ending_of(port: int, *sent: bytes) -> bytes:
    """Send these pieces on a new connection, and return all that comes until the server ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(20):
            received = await reader.read()
    except ConnectionError:
        pass  # ended while we still sent
    finally:
        writer.close()
    return received


async def test_a_request_is_answered(port: int) -> None:
    """A request with a usual head is answered."""
    cookies = b"cookie: " + b"x" * 4000 + b"\r\n"
    assert b"fine" in await ending_of(port, b"GET / HTTP/1.1\r\n", cookies, b"connection: close\r\n\r\n")


@pytest.mark.parametrize("piece", [b"x" * 16_000, b"name: value\r\n" * 1000], ids=["one header", "many headers"])
async def test_a_head_without_end_is_cut_off(port: int, piece: bytes) -> None:
    """A client cannot fill the memory with a request that never comes to its point."""
    assert b"fine" not in await ending_of(port, b"GET / HTTP/1.1\r\nx: ", *[piece] * 100)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n"], ids=["nothing", "half a request"])
async def test_a_request_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, port: int, sent: bytes
) -> None:
    """Connections that ask for nothing, or only begin to, are ended, so that they cannot pile up."""
    monkeypatch.setattr(servers, "HEAD_SECONDS", 0.05)
    assert await ending_of(port, sent) == b""


@pytest.mark.parametrize("sent", [b"", b"half"], ids=["nothing of it", "half of it"])
async def test_a_body_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, port: int, sent: bytes
) -> None:
    """A request that is never completed ends with its connection, whether it was answered already or not."""
    monkeypatch.setattr(servers, "BODY_SECONDS", 0.05)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"
    assert (await ending_of(port, head, sent)).count(b"HTTP/1.1") == 1


async def test_empty_lines_are_no_request(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """A client that goes on with empty lines after an answer is disconnected like one that says nothing."""
    monkeypatch.setattr(servers, "HEAD_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"fine")
    writer.write(b"\r\n")
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_a_silent_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is for requests: an answer may take its time once the request is complete."""
    monkeypatch.setattr(servers, "BODY_SECONDS", 0.05)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await PlainTextResponse("fine")(scope, receive, send)

    with tcp_listener("127.0.0.1:0", "console.listen") as listener:
        server = servers.console_server(slow)
        serving = asyncio.create_task(server.serve([listener]))
        request = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
        assert b"fine" in await ending_of(address_of(listener).port, request)
        server.stop()
        await serving


async def test_a_connection_is_used_again(port: int) -> None:
    """Patience is for one head at a time: a connection serves as many requests as it is asked for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(20):
            assert await reader.readuntil(b"fine")
    writer.close()


async def test_an_answer_that_is_not_read_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that leaves a long answer unread is disconnected, so that it holds neither memory nor a task."""
    monkeypatch.setattr(servers, "WRITE_SECONDS", 0.1)
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await StreamingResponse(repeat(bytes(65536)))(scope, receive, send)
        finally:
            ended.set()

    with tcp_listener("127.0.0.1:0", "console.listen") as listener:
        server = servers.console_server(endless)
        serving = asyncio.create_task(server.serve([listener]))
        _, writer = await asyncio.open_connection("127.0.0.1", address_of(listener).port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(20):
            await ended.wait()
        writer.close()
        server.stop()
        await serving


async def test_the_console_has_a_gate_where_it_speaks_tls(tmp_path: Path) -> None:
    """One address cannot take all connections to the console, nor all of its handshakes."""
    issued = LocalAuthority.open(tmp_path, SystemClock()).aggregator()
    live = LiveContext(TlsFiles(str(issued.certificate), str(issued.key)))
    gate = console_gate(LimitSettings(strangers_per_address=2))
    context = without_certificate()
    with tcp_listener("127.0.0.1:0", "console.listen") as listener, ExitStack() as held:
        server = servers.console_server(PlainTextResponse("fine"), live, gate)
        serving = asyncio.create_task(server.serve([listener]))
        port = address_of(listener).port
        for _ in range(4):
            held.enter_context(await asyncio.to_thread(connected, port, "127.0.0.9"))
        browser = await asyncio.to_thread(connected, port, "127.0.0.8")
        with await asyncio.to_thread(context.wrap_socket, browser) as stream:
            assert gate.stages[Stage.SHAKING] == 2
            assert gate.waiting == 2
            await asyncio.to_thread(stream.sendall, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200" in await asyncio.to_thread(stream.recv, 4096)
        server.stop()
        await serving
