"""Requests for the ingest listener, good and bad, and a protocol object without a network to feed them to."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from random import Random

import msgspec

from sysmon_agent.wire.encode import encode_batch, encode_hello
from sysmon_agent.wire.peer import AGGREGATOR, Peer
from sysmon_agent.wire.token import encode_token
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.web.ingest import IngestServer
from sysmon_appliance.web.ingest.config import IngestConfig
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from sysmon_appliance.web.peer_wire import Forwarded, Report
from tests.fuzz.campaign import FoundError
from tests.fuzz.mutation import mutations
from tests.fuzz.parsers import TOKEN, agent_request
from tests.support.ingest_server import Listener
from tests.support.peers import READ
from tests.support.pushes import a_batch, a_hello
from tests.support.topology import SECOND

_AGENTS, _PEERS = 0.5, 0.3  # of the connections show the certificate of an agent, or of another aggregator
_TOGETHER = 50  # connections at one time
_TURNS = 20  # of the event loop, in which requests are answered
_MORE = b"\r\n\r\n" + bytes(4096)  # ends most heads and bodies that were cut short
_PATIENCE_SECONDS = 0.3
_CAME = Forwarded("192.0.2.7", "https", "https://standby.example", account="root").header().decode()
_STATUS = re.compile(rb"HTTP/1.1 ([0-9]{3}) ")


@cache
def _posts() -> tuple[tuple[str, bytes], ...]:
    """Make a good body for each route that takes one."""
    csr = agent_request().decode()
    return (
        ("/v1/batches", encode_batch(a_batch(1, 3))),
        ("/v1/hello", encode_hello(a_hello())),
        ("/v1/enroll", json.dumps({"token": encode_token(TOKEN), "request": csr, "name": "web-01"}).encode()),
        ("/v1/renew", json.dumps({"request": csr, "certificate": csr}).encode()),
        ("/v1/reenroll", json.dumps({"request": csr, "name": "web-01"}).encode()),
        ("/v1/standby", msgspec.json.encode(Report(SECOND, READ))),
    )


def requests() -> tuple[bytes, ...]:
    """Make a good request for each route, and some in the less usual forms of HTTP."""
    return (
        *(_request("POST", path, body) for path, body in _posts()),
        _request("POST", "/v1/batches", _posts()[0][1], "Expect: 100-continue"),
        _request("GET", "/v1/authority", b""),
        _request("GET", "/v1/forwarded/healthz", b"", f"sysmon-forwarded: {_CAME}"),
        _request("POST", "/v1/forwarded/api/v1/session", b"{}", "X-Sysmon: 1", f"sysmon-forwarded: {_CAME}"),
        _request("DELETE", "/v1/forwarded/api/v1/users/a", b"", f"sysmon-forwarded: {_CAME}"),
        b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET /v1/authority HTTP/1.0\r\n\r\n",
        b"GET /v1/authority HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, HTTP2-Settings\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )


def inputs(count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged requests: half of them as they are, and half whole requests with a damaged body."""
    yield from mutations(requests(), count - count // 2, seed)
    heads = Random(seed)  # noqa: S311 - the same each time
    for body in mutations([body for _, body in _posts()], count // 2, seed):
        yield _request("POST", heads.choice(_posts())[0], body)


def _request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Memory(asyncio.Transport):
    """The listener's end of a connection whose other side is a test; no certificate is shown on it."""

    def __init__(self) -> None:
        super().__init__({"ssl_object": self, "peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = bytearray()
        self._closing = False

    def getpeercert(self) -> None:
        return None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def feed(listener: Listener, count: int, seed: int) -> Counter[int]:
    """Give `count` inputs to connections of their own, in pieces, and count the statuses of the answers.

    Raises
    ------
    FoundError
        An input made the protocol fail.
    """
    work = _feed(listener.server, _holders(listener), inputs(count, seed), Random(seed))  # noqa: S311 - as there
    return asyncio.run_coroutine_threadsafe(work, listener.loop).result(600)


async def _feed(
    server: IngestServer, holders: Sequence[Presented | None], inputs: Iterator[bytes], random: Random
) -> Counter[int]:
    assert isinstance(server.config, IngestConfig)
    statuses: Counter[int] = Counter()
    open_ones: list[tuple[IngestProtocol, Memory]] = []
    for data in inputs:
        transport = Memory()
        protocol = IngestProtocol(server.config, server.server_state, {}, asyncio.get_running_loop())
        protocol.connection_made(transport)
        (protocol.holder,) = random.choices(holders, (_AGENTS, _PEERS, 1 - _AGENTS - _PEERS))
        _give(protocol, transport, data, random)
        open_ones.append((protocol, transport))
        if len(open_ones) == _TOGETHER:
            statuses += await _ended(open_ones)
    return statuses + await _ended(open_ones)


def _give(protocol: IngestProtocol, transport: Memory, data: bytes, random: Random) -> None:
    cut = random.randint(0, len(data))
    try:
        for piece in (data[:cut], data[cut:]):
            if piece and not transport.is_closing():
                protocol.data_received(piece)
    except Exception as error:
        raise FoundError(f"the protocol failed for bytes.fromhex({data.hex()!r})") from error


async def _ended(connections: list[tuple[IngestProtocol, Memory]]) -> Counter[int]:
    """Let the requests be answered, end the connections, and return the statuses."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    for protocol, transport in connections:
        transport.close()
        protocol.connection_lost(None)
    answers = [bytes(transport.written) for _, transport in connections]
    connections.clear()
    return Counter(int(status) for answer in answers for status in _STATUS.findall(answer))


def _holders(listener: Listener) -> Sequence[Presented | None]:
    """Return what the listener knows of an agent that connects, of another aggregator, and of a stranger."""
    agent = listener.agent()
    agent.post("/v1/hello", encode_hello(a_hello()))
    holders = [it.holder for it in listener.server.server_state.connections if isinstance(it, IngestProtocol)]
    agent.close()
    seen = next(holder for holder in holders if holder is not None)
    return seen, replace(seen, peer=Peer(seen.peer.region, AGGREGATOR, SECOND.name)), None


def send(listener: Listener, count: int, seed: int) -> int:
    """Send `count` inputs over TLS, each on a connection of its own, and return how many were answered."""
    answered = 0
    for data in inputs(count, seed):
        wire = listener.wire()
        with suppress(OSError):  # ended while this is still being sent, or more is waited for
            wire.send(data + _MORE)
            answered += bool(wire.receive(patience_seconds=_PATIENCE_SECONDS))
        wire.close()
    return answered
