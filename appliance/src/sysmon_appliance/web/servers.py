"""What all servers have in common, and the servers of console and API."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from socket import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.web.acceptor import Acceptor, Guest
from sysmon_appliance.web.accounts import account_of
from sysmon_appliance.web.gate import Gate
from sysmon_appliance.web.tls import LiveContext, TlsFiles

MAX_HEAD_BYTES = 64 << 10
"""Of a request, whoever sends it; the parser itself would take a head without end."""

HEAD_SECONDS = 30.0
"""How long a head may take to arrive, and a new connection to send its first."""

BODY_SECONDS = 30.0
"""How long a body may take; those of the API are small."""

TICKS_PER_SECOND = 10
"""How uvicorn counts the time in `on_tick`."""

WRITE_SECONDS = 30.0
"""How long a client may leave what it asked for unread."""

COMMON: Mapping[str, Any] = {
    "ws": "none",
    "lifespan": "off",
    "interface": "asgi3",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
}
"""uvicorn's settings that all listeners share."""

_STOP_SECONDS = 3


class GuestProtocol(HttpToolsProtocol):
    """A connection of which a gate may know."""

    guest: Guest | None = None  # where the listener has a gate

    def connection_lost(self, exc: Exception | None) -> None:
        if self.guest is not None:
            self.guest.left()
        super().connection_lost(exc)


class WebProtocol(GuestProtocol):
    """HTTP for browsers that ends what is too long or too slow, so that half-open requests cannot pile up."""

    _deadline: asyncio.TimerHandle | None = None  # while a head or a body is awaited
    _patience: asyncio.TimerHandle | None = None  # while the client reads too slowly
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        super().connection_made(transport)
        self._await(HEAD_SECONDS)
        if self.guest is not None and not self.guest.admitted():
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        self._end_patience()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._patience = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._end_patience()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self.cycle.response_complete:
            # What comes between requests may be empty lines only, which end the wait for the next one without being it.
            self._await(HEAD_SECONDS)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(f"The head of a request may have {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._await(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._await(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end_wait()
        super().on_message_complete()

    def _await(self, seconds: float) -> None:
        self._end_wait()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _end_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class AccountProtocol(WebProtocol):
    """HTTP over the Unix socket; requests find the name of the account that asks as `account` in their state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        self.app_state = self.app_state | {"account": account_of(transport.get_extra_info("socket"))}
        super().connection_made(transport)


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it, and sleeps while nobody asks for anything.

    Run it with `await server.serve(sockets=[...])`; it ends after `stop`.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End when the answers that are due have been given; call it on the event loop."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        # The base class wakes up ten times a second to look at `should_exit`; what else it does is due once a second.
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += TICKS_PER_SECOND
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class TlsServer(Server):
    """A server that speaks TLS: through a gate, and to each new connection with the newest certificate.

    The protocol class of its configuration is a GuestProtocol.
    """

    def __init__(self, config: uvicorn.Config, live: LiveContext, gate: Gate) -> None:
        super().__init__(config)
        self.gate = gate
        self._live = live

    async def startup(self, sockets: Sequence[socket] | None = None) -> None:
        # An acceptor has the methods of an asyncio server that the base class calls.
        self.servers = [Acceptor(listener, self.gate, self._live, self._make) for listener in sockets or ()]  # type: ignore[misc]
        self.started = True

    def _make(self, guest: Guest) -> GuestProtocol:
        kind: Any = self.config.http_protocol_class
        protocol: GuestProtocol = kind(config=self.config, server_state=self.server_state, app_state={})
        protocol.guest = guest
        return protocol


def console_context(settings: ConsoleSettings, *, key_passphrase: bytes | None = None) -> LiveContext | None:
    """Make the console's TLS where the settings name a certificate; without one it speaks plain HTTP.

    Raises
    ------
    IdentityError
        Certificate or key cannot be used.
    """
    if not settings.certificate:
        return None
    files = TlsFiles(settings.certificate, settings.key)
    return LiveContext(files, minimum_version=settings.tls.minimum_version, key_passphrase=key_passphrase)


def console_server(app: ASGIApp, live: LiveContext | None = None, gate: Gate | None = None) -> Server:
    """Make the console's server; with a live context it speaks TLS, through this gate."""
    config = _config(app, WebProtocol)
    return Server(config) if live is None or gate is None else TlsServer(config, live, gate)


def socket_server(app: ASGIApp) -> Server:
    """Make the server of the Unix socket."""
    return Server(_config(app, AccountProtocol))


def _config(app: ASGIApp, protocol: type[WebProtocol]) -> uvicorn.Config:
    return uvicorn.Config(app, http=protocol, timeout_graceful_shutdown=_STOP_SECONDS, **COMMON)
