"""What a standby does with requests that only the leader can answer: it passes them on, and waits until they show.

A write is answered by the leader when it is durable, with a mark that it is before. The standby holds the answer back
until its own copy has that mark, so that whoever changed something sees it in what they read next, at any node.

Who asks, and what they may do, is judged by the leader from the cookie or token that travels along. The Host header is
judged here, for only this console knows its names.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.errors import SysmonError
from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.leadership import Holder
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.errors import LeaderUnreachableError, NotLeaderError, RateLimitedError
from sysmon_appliance.web.console.address import console_url
from sysmon_appliance.web.console.api import read_body
from sysmon_appliance.web.console.app import AnswerFailures, base_url, host_names
from sysmon_appliance.web.console.guard import SecurityHeaders, is_named
from sysmon_appliance.web.console.leaders_part import changes_something, goes_to_leader
from sysmon_appliance.web.limits import client_address
from sysmon_appliance.web.peer_wire import HEADER, MARK_HEADER, MAX_BODY_BYTES, Forwarded
from sysmon_appliance.web.peers import Answered, Headers, Passed
from sysmon_appliance.web.problems import problem_response

_AT_ONCE = 16
"""Requests that wait for the leader, each in a thread; reads need threads too."""

_SHOW_SECONDS = 5.0
_LOOK_SECONDS = 0.05

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"content-length",
        b"date",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""What is said of one connection and not of what travels over it."""

AGE_HEADER = "sysmon-age-ms"


class Link(Protocol):
    """Reaches the leader; blocks in bounded time, and raises a SysmonError where that fails."""

    def forward(self, address: str, request: Passed) -> Answered: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What a standby's console knows of leader and copy.

    Parameters
    ----------
    holder
        Returns who leads; None where nobody is known to.
    mark
        Returns the mark that this node has read, and shows.
    age_ms
        Returns how old the newest is that it shows; None where that is not known.
    """

    link: Link
    holder: Callable[[], Holder | None]
    mark: Callable[[], int]
    age_ms: Callable[[], int | None]


def standby_app(app: ASGIApp, followed: Followed, settings: ConsoleSettings) -> ASGIApp:
    """Wrap a standby's console, so that all of it can be used there; for the Unix socket wrap that in ViaSocket."""
    passing = ForwardWrites(app, followed, settings)
    return SecurityHeaders(AnswerFailures(ShowAge(passing, followed)))


class ForwardWrites:
    """Passes on to the leader what only that can answer; a middleware."""

    def __init__(self, app: ASGIApp, followed: Followed, settings: ConsoleSettings) -> None:
        self._app = app
        self._followed = followed
        self._names = host_names(settings)
        self._configured = base_url(settings)
        self._is_named = bool(settings.url)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not goes_to_leader(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if "principal" not in request.scope.setdefault("state", {}) and not is_named(request, self._names):
            await self._app(scope, receive, send)  # where it is refused
            return
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            answered = await self._ask(request)
        except SysmonError as error:
            return problem_response(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if changes_something(request.method, request.url.path):
            await self._be_shown(answered.mark or 0)
        return _response(answered)

    async def _ask(self, request: Request) -> Answered:
        leader = self._followed.holder()
        if leader is None:
            raise LeaderUnreachableError("No aggregator leads at this moment.", hint="sysmon ha status")
        if self._under_way >= _AT_ONCE:
            raise RateLimitedError(f"{_AT_ONCE} requests wait for the leader already.", hint="sysmon ha status")
        passed = self._passed(request, await read_body(request, MAX_BODY_BYTES))
        self._under_way += 1
        try:
            return await asyncio.to_thread(self._followed.link.forward, leader.node.ingest, passed)
        except NotLeaderError as error:
            raise LeaderUnreachableError(
                f"{leader.node.name} does not lead any more; nothing was done.", hint="sysmon ha status"
            ) from error
        finally:
            self._under_way -= 1

    def _passed(self, request: Request, body: bytes) -> Passed:
        scope = request.scope
        principal: Principal | None = scope["state"].get("principal")
        forwarded = Forwarded(
            client=client_address(scope),
            scheme=scope["scheme"],
            base_url=console_url(request, self._configured, is_named=self._is_named),
            account=principal.name if principal is not None and principal.kind is Kind.SOCKET else "",
        )
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        return Passed(request.method, target, [*_end_to_end(scope["headers"]), (HEADER, forwarded.header())], body)

    async def _be_shown(self, mark: int) -> None:
        """Wait until this node shows what was changed; for a while, since it is done in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHOW_SECONDS):
                while self._followed.mark() < mark:  # noqa: ASYNC110 - reading on is another thread's work
                    await asyncio.sleep(_LOOK_SECONDS)


class ShowAge:
    """Says on each answer of the API how old what this node shows is; a middleware."""

    def __init__(self, app: ASGIApp, followed: Followed) -> None:
        self._app = app
        self._followed = followed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            age_ms = self._followed.age_ms()
            if message["type"] == "http.response.start" and age_ms is not None:
                MutableHeaders(scope=message)[AGE_HEADER] = str(age_ms)
            await send(message)

        is_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await self._app(scope, receive, adding if is_api else send)


def _end_to_end(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """Yield headers that travel on; what only this program may say is not taken from anybody else."""
    for name, value in headers:
        if name not in _HOP_BY_HOP and name not in {HEADER, MARK_HEADER}:
            yield name, value


def _response(answered: Answered) -> Response:
    response = Response(answered.body, answered.status)
    kept = [pair for pair in response.raw_headers if pair[0] == b"content-length"]
    response.raw_headers = [*kept, *_end_to_end(answered.headers)]
    return response
