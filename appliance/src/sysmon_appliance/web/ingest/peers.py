"""The leader's routes for the other aggregators of its region; only their certificates open them.

A standby reports what it has read out of the replica, and passes on what browsers and programs want changed. Such a
request is answered by the leader's console as if it had come there, with what the standby says of its origin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.errors import MalformedMessage
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.domain.topology import StandbyReports
from sysmon_appliance.web.ingest.audiences import bound
from sysmon_appliance.web.peer_wire import (
    FORWARDED_PATH,
    HEADER,
    MARK_HEADER,
    STANDBY_PATH,
    Forwarded,
    Report,
    mark_forwarded,
)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class PeerSide:
    """What a leader has for its standbys.

    Parameters
    ----------
    console
        The application of console and API.
    mark
        Returns the newest mark that is committed.
    """

    reports: StandbyReports
    console: ASGIApp
    mark: Callable[[], int]


def peer_routes(side: PeerSide) -> list[Route]:
    """Make the routes; each finds `connection` in the request's state."""

    async def report(request: Request) -> Response:
        given = _report(await request.body())
        progress = side.reports.report(given.node, given.read_back)
        return Response(msgspec.json.encode(progress), media_type="application/json")

    async def pass_on(request: Request) -> Response:
        scope = _as_it_came(request, request.state.connection.holder.peer.id)
        return _ConsoleAnswer(side, scope)

    passing = [bound(method, FORWARDED_PATH + "/{path:path}", pass_on) for method in _METHODS]
    return [bound("POST", STANDBY_PATH, report), *passing]


class _ConsoleAnswer(Response):
    """What the console answers, with the mark that everything it has changed is before."""

    def __init__(self, side: PeerSide, scope: Scope) -> None:
        super().__init__()
        self._side = side
        self._scope = scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it has its own
        async def marking(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[MARK_HEADER.decode()] = str(self._side.mark())
            await send(message)

        await self._side.console(self._scope, receive, marking)


def _report(body: bytes) -> Report:
    try:
        return msgspec.json.decode(body, type=Report)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MalformedMessage(f"The report cannot be used: {error}.") from error


def _as_it_came(request: Request, standby: str) -> Scope:
    """Make the scope that the console would have had if the request had come to it."""
    forwarded = _origin(request)
    path = request.scope["path"].removeprefix(FORWARDED_PATH)
    scope = dict(request.scope) | {
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "scheme": forwarded.scheme,
        "client": (forwarded.client, 0) if forwarded.client else None,
        "headers": [(name, value) for name, value in request.scope["headers"] if name != HEADER],
        "state": {},
    }
    mark_forwarded(scope, forwarded)
    if forwarded.account:
        principal = Principal(Kind.SOCKET, f"{forwarded.account}@{standby}", Role.ADMIN)
        scope["state"]["principal"] = principal
    return scope


def _origin(request: Request) -> Forwarded:
    given = [value for name, value in request.scope["headers"] if name == HEADER]
    if len(given) != 1:
        raise MalformedMessage(f"A request that is passed on has one header {HEADER.decode()}.")
    return Forwarded.read(given[0])
