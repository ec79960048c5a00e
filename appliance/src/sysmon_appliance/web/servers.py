"""The servers of console and API."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.web.tls import LiveContext, TlsFiles

MAX_HEAD_BYTES = 64 << 10
"""Of a request, whoever sends it; the parser itself would take a head without end."""

HEAD_SECONDS = 30.0
"""How long a head may take to arrive, and a new connection to send its first."""

_STOP_SECONDS = 3


class WebProtocol(HttpToolsProtocol):
    """HTTP for browsers that ends what is too long or too slow, so that half-open requests cannot pile up."""

    _deadline: asyncio.TimerHandle | None = None  # while a head is awaited
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(f"The head of a request may have {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._end_head()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _end_head(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebServer(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it.

    Run it with `await server.serve(sockets=[...])`; it ends after `should_exit` was set.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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


def console_server(app: ASGIApp, live: LiveContext | None = None) -> WebServer:
    """Make the console's server."""
    return WebServer(_config(app, live))


def socket_server(app: ASGIApp) -> WebServer:
    """Make the server of the Unix socket."""
    return WebServer(_config(app, None))


def _config(app: ASGIApp, live: LiveContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=WebProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_context_factory=(lambda _config, _default: live.context) if live is not None else None,
    )
