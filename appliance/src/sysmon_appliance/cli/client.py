"""Speaks to an aggregator's API, over whichever way leads there."""

import json
import os
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from sysmon_agent.config.places import places_of
from sysmon_agent.errors import AnswerError, SysmonError
from sysmon_appliance.cli.endpoints import Endpoint, SocketEndpoint
from sysmon_appliance.local.places import DEFAULT_SOCKET, default_folder, running_in


def find_socket(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Choose the socket: the option, the variable, local mode of this user, the installed aggregator."""
    if option is not None:
        return option
    if named := environ.get("SYSMON_CONSOLE__SOCKET"):
        return Path(named)
    running = running_in(default_folder(environ))
    if running is not None:
        return running.socket
    return Path(places_of(os.geteuid(), environ).locate(str(DEFAULT_SOCKET)))


class Client:
    """The API over one connection; a context manager. A path stands for the Unix socket there.

    A session that an answer begins is kept for the requests that follow, as a browser does.
    """

    def __init__(self, endpoint: Endpoint | Path) -> None:
        self._endpoint = SocketEndpoint(endpoint) if isinstance(endpoint, Path) else endpoint
        self._http = self._endpoint.connection()
        self._cookies: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def be_patient(self, seconds: float) -> None:
        """Let the answers that follow take so long."""
        self._http.close()
        self._http.timeout = seconds

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON at `path`; parameters that are None are left out, lists are repeated."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given, doseq=True)}" if given else path)

    def text(self, path: str) -> str:
        """Return what is at `path` as it is."""
        return self._answer("GET", path).decode()

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of a long answer as they come."""
        try:
            self._http.request("GET", path, headers=self._headers())
            answer = self._http.getresponse()
            if not 200 <= answer.status < 300:
                raise _problem(answer.status, answer.read())
            for line in answer:
                yield line.decode()
        except (OSError, HTTPException) as error:
            self._http.close()
            raise self._endpoint.explain(error) from error

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def pages(self, path: str, member: str, **parameters: Any) -> Iterator[Any]:
        """Yield the entries of a list, following its cursors."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **parameters)
            yield from page[member]
            cursor = page.get("next")
            if cursor is None:
                return

    def _ask(self, method: str, target: str, body: Any = None) -> Any:
        """Return the JSON of an answer; None where it has no content."""
        answer = self._answer(method, target, body)
        try:
            return json.loads(answer) if answer else None
        except (ValueError, RecursionError) as error:
            raise AnswerError("What answers there is no aggregator.", code="internal", status=200) from error

    def _answer(self, method: str, target: str, body: Any = None) -> bytes:
        sent = None if body is None else json.dumps(body, separators=(",", ":"))
        try:
            self._http.request(method, target, body=sent, headers=self._headers())
            answer = self._http.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            self._http.close()  # it would refuse the next question
            raise self._endpoint.explain(error) from error
        if not 200 <= answer.status < 300:
            raise _problem(answer.status, content)
        self._keep(answer.headers.get_all("Set-Cookie", []))
        return content

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return dict(self._endpoint.headers) | ({"Cookie": cookies} if cookies else {})

    def _keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value


def _problem(status: int, body: bytes) -> SysmonError:
    try:
        problem = json.loads(body)
        return AnswerError(problem["detail"], code=problem["code"], status=status, hint=problem.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return AnswerError(f"The aggregator answered with status {status}.", code="internal", status=status)
