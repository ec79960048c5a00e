"""The servers of console and API."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sysmon_agent.errors import IdentityError
from sysmon_appliance.config import ConsoleSettings

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


def console_server(app: ASGIApp, settings: ConsoleSettings) -> WebServer:
    """Make the console's server; TLS where the settings name a certificate.

    Raises
    ------
    IdentityError
        Certificate or key cannot be used.
    """
    config = _config(app, certificate=settings.certificate or None, key=settings.key or None)
    try:
        config.load()
    except (OSError, ValueError) as error:
        raise IdentityError(
            f"The console's certificate or key cannot be used ({settings.certificate}, {settings.key}): {error}.",
            hint="sysmon-aggregator config show --effective",
        ) from error
    return WebServer(config)


def socket_server(app: ASGIApp) -> WebServer:
    """Make the server of the Unix socket."""
    return WebServer(_config(app, certificate=None, key=None))


def _config(app: ASGIApp, *, certificate: str | None, key: str | None) -> uvicorn.Config:
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
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
