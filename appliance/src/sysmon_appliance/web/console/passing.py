"""How a standby's console asks the leader's, in the name of whoever asks it.

Who asks, and what they may do, is judged by the leader from the cookie or token that travels along. The Host header is
judged here, for only this console knows its names.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from sysmon_agent.errors import OversizedMessage
from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.leadership import Holder
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.errors import LeaderUnreachableError, NotLeaderError, RateLimitedError
from sysmon_appliance.web.console.address import console_url
from sysmon_appliance.web.console.app import base_url, host_names
from sysmon_appliance.web.console.guard import is_named
from sysmon_appliance.web.limits import client_address
from sysmon_appliance.web.peer_wire import HEADER, MARK_HEADER, MAX_BODY_BYTES, Forwarded
from sysmon_appliance.web.peers import Answered, Headers, Passed

_AT_ONCE = 16
"""Requests that wait for the leader, each in a thread; reads need threads too."""

_MOST_HELD = 32 << 20
"""Bytes of bodies that are on their way here; anybody may send one, and the leader says only later who may not."""

_HINT = "sysmon ha status"

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


class Passing:
    """Asks the leader; belongs to the event loop."""

    def __init__(self, followed: Followed, settings: ConsoleSettings) -> None:
        self._followed = followed
        self._names = host_names(settings)
        self._configured = base_url(settings)
        self._is_named = bool(settings.url)
        self._under_way = 0
        self._held = 0  # bytes of bodies that are being read

    def is_for_us(self, request: Request) -> bool:
        """Whether a request names this console, or came over the Unix socket."""
        return "principal" in request.scope.setdefault("state", {}) or is_named(request, self._names)

    async def pass_on(self, request: Request) -> Answered:
        """Let the leader answer a request.

        Raises
        ------
        OversizedMessage
            Its body is larger than any route takes.
        RateLimitedError
            Too many wait already.
        LeaderUnreachableError
            Nobody leads, or whoever does gives no answer.
        """
        target = request.scope["raw_path"].decode("latin-1")
        if query := request.scope["query_string"].decode("latin-1"):
            target += f"?{query}"
        body = await self._body(request)
        return await self.ask(request, Passed(request.method, target, request.scope["headers"], body))

    async def ask(self, request: Request, asked: Passed) -> Answered:
        """Let the leader answer something in the name of whoever sent a request; raises as `pass_on` does."""
        leader = self._followed.holder()
        if leader is None:
            raise LeaderUnreachableError("No aggregator leads at this moment.", hint=_HINT)
        if self._under_way >= _AT_ONCE:
            raise RateLimitedError(f"{_AT_ONCE} requests wait for the leader already.", hint=_HINT)
        headers = [*_end_to_end(asked.headers), (HEADER, self._origin(request).header())]
        passed = Passed(asked.method, asked.target, headers, asked.body)
        self._under_way += 1
        try:
            return await asyncio.to_thread(self._followed.link.forward, leader.node.ingest, passed)
        except NotLeaderError as error:
            raise LeaderUnreachableError(
                f"{leader.node.name} does not lead any more; nothing was done.", hint=_HINT
            ) from error
        finally:
            self._under_way -= 1

    async def _body(self, request: Request) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.stream():
                size += len(part)
                self._held += len(part)
                if size > MAX_BODY_BYTES:
                    raise OversizedMessage(f"A body may have {MAX_BODY_BYTES} bytes.")
                if self._held > _MOST_HELD:
                    raise RateLimitedError("Too much is on its way to the leader already.", hint=_HINT)
                parts.append(part)
        finally:
            self._held -= size
        return b"".join(parts)

    def _origin(self, request: Request) -> Forwarded:
        scope = request.scope
        principal: Principal | None = scope["state"].get("principal")
        return Forwarded(
            client=client_address(scope),
            scheme=scope["scheme"],
            base_url=console_url(request, self._configured, is_named=self._is_named),
            account=principal.name if principal is not None and principal.kind is Kind.SOCKET else "",
        )


def response_of(answered: Answered) -> Response:
    """Give the leader's answer as this console's own."""
    response = Response(answered.body, answered.status)
    kept = [pair for pair in response.raw_headers if pair[0] == b"content-length"]
    response.raw_headers = [*kept, *_end_to_end(answered.headers)]
    return response


def _end_to_end(headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """Yield headers that travel on; what only this program may say is not taken from anybody else."""
    for name, value in headers:
        if name not in _HOP_BY_HOP and name not in {HEADER, MARK_HEADER}:
            yield name, value
