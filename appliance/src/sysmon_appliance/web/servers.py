"""The servers of console and API."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from sysmon_agent.errors import IdentityError
from sysmon_appliance.config import ConsoleSettings

_STOP_SECONDS = 3


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
        http="httptools",
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
