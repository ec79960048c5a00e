"""What all servers have in common, and the servers of console and API."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.web.accounts import account_of
from sysmon_appliance.web.tls import LiveContext, TlsFiles

MAX_HEAD_BYTES = 64 << 10
"""Of a request, whoever sends it; the parser itself would take a head without end."""

HEAD_SECONDS = 30.0
"""How long a head may take to arrive, and a new connection to send its first."""

TICKS_PER_SECOND = 10
"""How uvicorn counts the time in `on_tick`."""

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


def console_server(app: ASGIApp, live: LiveContext | None = None) -> Server:
    """Make the console's server."""
    return Server(_config(app, live))


def socket_server(app: ASGIApp) -> Server:
    """Make the server of the Unix socket."""
    return Server(_config(app, None, protocol=AccountProtocol))


def _config(app: ASGIApp, live: LiveContext | None, *, protocol: type[WebProtocol] = WebProtocol) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
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
