"""Sessions and API tokens that are used at a standby: the leader hears of it now and then.

Else it would end a session as idle whose browser reads from standbys alone, and call a token unused.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.services.access import TOUCH_MS
from sysmon_appliance.web.console.guard import is_attended
from sysmon_appliance.web.console.passing import Passing
from sysmon_appliance.web.peers import Passed

_WHO = "/api/v1/session"
"""What is asked of the leader, which notes the use as that of any request; the answer says nothing new."""

_CREDENTIALS = frozenset({b"cookie", b"authorization", b"host"})
_KINDS = frozenset({Kind.USER, Kind.LINK, Kind.TOKEN})
_MOST_KNOWN = 10_000


class TellUses:
    """Tells the leader who is using this console; a middleware.

    Parameters
    ----------
    idle_seconds
        How long a session lasts that nobody uses.
    """

    def __init__(self, app: ASGIApp, passing: Passing, *, idle_seconds: int) -> None:
        self._app = app
        self._passing = passing
        self._pause_seconds = min(TOUCH_MS / 1000, idle_seconds / 2)
        self._told: OrderedDict[str, float] = OrderedDict()  # when, by credential; the loop's time
        self._telling: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        principal: Principal | None = scope.get("state", {}).get("principal")
        if principal is None or principal.kind not in _KINDS:
            return
        request = Request(scope)
        if is_attended(request) and self._is_due(principal.credential):
            task = asyncio.ensure_future(self._tell(request))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _is_due(self, credential: str) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._told.get(credential, -self._pause_seconds) < self._pause_seconds:
            return False
        self._told[credential] = now
        self._told.move_to_end(credential)
        if len(self._told) > _MOST_KNOWN:
            self._told.popitem(last=False)
        return True

    async def _tell(self, request: Request) -> None:
        shown = [pair for pair in request.scope["headers"] if pair[0] in _CREDENTIALS]
        with suppress(SysmonError):  # the next use after a pause tries again
            await self._passing.ask(request, Passed("GET", _WHO, shown, b""))
