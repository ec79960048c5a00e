"""Speaks to the aggregator of this machine over its Unix socket, as the operator who may open it.

Plain http.client: a library with pools and HTTP/2 would cost every command more time than its question takes.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from sysmon_agent.errors import SysmonError
from sysmon_appliance.cli.failures import AnswerError, PermissionDeniedError
from sysmon_appliance.errors import UnreachableError
from sysmon_appliance.local.places import DEFAULT_SOCKET, default_folder, running_in

TIMEOUT_SECONDS = 30.0


def find_socket(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Choose the socket: the option, the variable, local mode of this user, the installed aggregator."""
    if option is not None:
        return option
    if named := environ.get("SYSMON_CONSOLE__SOCKET"):
        return Path(named)
    running = running_in(default_folder(environ))
    return running.socket if running is not None else DEFAULT_SOCKET


class _UnixConnection(HTTPConnection):
    """A connection to a path instead of a host."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


class Client:
    """The API over one connection; a context manager."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._http = _UnixConnection(socket_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON at `path`; parameters that are None are left out, lists are repeated."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given, doseq=True)}" if given else path)

    def post(self, path: str) -> Any:
        return self._ask("POST", path)

    def pages(self, path: str, member: str, **parameters: Any) -> Iterator[Any]:
        """Yield the entries of a list, following its cursors."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **parameters)
            yield from page[member]
            cursor = page.get("next")
            if cursor is None:
                return

    def _ask(self, method: str, target: str) -> Any:
        try:
            # The header tells writes from those that a foreign page could make a browser send.
            self._http.request(method, target, headers={"X-Sysmon": "1"})
            answer = self._http.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            self._http.close()  # it would refuse the next question
            raise self._unreachable(error) from error
        if 200 <= answer.status < 300:
            return json.loads(body)
        raise _problem(answer.status, body)

    def _unreachable(self, error: OSError | HTTPException) -> SysmonError:
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


def _problem(status: int, body: bytes) -> SysmonError:
    try:
        problem = json.loads(body)
        return AnswerError(problem["detail"], code=problem["code"], status=status, hint=problem.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return AnswerError(f"The aggregator answered with status {status}.", code="internal", status=status)
