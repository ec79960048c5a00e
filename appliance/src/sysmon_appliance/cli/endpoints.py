"""Where a command finds the aggregator: at a Unix socket of this machine, or at a URL.

Plain http.client: a library with pools and HTTP/2 would cost every command more time than its question takes.
"""

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from sysmon_agent.errors import ConfigError, SysmonError
from sysmon_appliance.cli.failures import PermissionDeniedError, UntrustedError
from sysmon_appliance.errors import UnreachableError

TIMEOUT_SECONDS = 30.0


class Endpoint(Protocol):
    """An aggregator that can be asked."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What each request carries."""

    def connection(self) -> HTTPConnection:
        """Make a connection, which opens itself with the first request."""

    def explain(self, error: OSError | HTTPException) -> SysmonError:
        """Say why there was no answer."""


class SocketEndpoint:
    """The aggregator of this machine, asked by an account that may open its socket."""

    # The header tells writes from those that a foreign page could make a browser send.
    headers: Mapping[str, str] = {"X-Sysmon": "1"}

    def __init__(self, path: Path) -> None:
        self._path = path

    def connection(self) -> HTTPConnection:
        return _UnixConnection(self._path)

    def explain(self, error: OSError | HTTPException) -> SysmonError:
        match error:
            case TimeoutError():
                return UnreachableError(
                    f"The aggregator at {self._path} did not answer in {TIMEOUT_SECONDS:.0f} s.",
                    hint=f"curl --unix-socket {self._path} http://localhost/readyz",
                )
            case PermissionError():
                return PermissionDeniedError(f"You may not open {self._path}.", hint=f"ls -l {self._path}")
            case _:
                return UnreachableError(f"No aggregator answers at {self._path}.", hint="sysmon up")


class WebEndpoint:
    """An aggregator at a URL, asked with an API token where there is one.

    Parameters
    ----------
    url
        https://HOST:PORT; http only on this machine, see `checked_url`.
    context
        Decides whether the other side is trusted; unused on plain HTTP.
    """

    def __init__(self, url: str, context: ssl.SSLContext, *, token: str = "") -> None:
        self.url = url
        self._context = context
        self._token = token

    @property
    def headers(self) -> Mapping[str, str]:
        return {"X-Sysmon": "1"} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})

    def connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
        return HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=self._context)

    def explain(self, error: OSError | HTTPException) -> SysmonError:
        match error:
            case ssl.SSLCertVerificationError():
                return UntrustedError(
                    f"The certificate at {self.url} is not trusted: {error.verify_message}.",
                    hint=f"sysmon login {self.url} --authority FILE",
                )
            case TimeoutError():
                return UnreachableError(
                    f"{self.url} did not answer in {TIMEOUT_SECONDS:.0f} s.", hint=f"curl --head {self.url}/healthz"
                )
            case _:
                return UnreachableError(f"No aggregator answers at {self.url}: {error}.", hint="sysmon context list")


class _UnixConnection(HTTPConnection):
    """A connection to a path instead of a host."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


def checked_url(text: str) -> str:
    """Return the URL of an aggregator, with https where no scheme is given and without what follows the port.

    Raises
    ------
    ConfigError
        It is none, or would send passwords and tokens in the clear beyond this machine.
    """
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment or parts.path.strip("/"):
        raise ConfigError(f"{text!r} is no address such as https://monitor.example:7480.", hint="sysmon login --help")
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ConfigError(
            f"{text} would send what is secret in the clear.", hint=f"sysmon login https://{parts.netloc}"
        )
    return f"{parts.scheme}://{parts.netloc}"
