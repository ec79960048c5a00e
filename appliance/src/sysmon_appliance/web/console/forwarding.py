"""What a standby does with requests that only the leader can answer: it passes them on, and waits until they show.

A write is answered by the leader when it is durable, with a mark that it is before. The standby holds the answer back
until its own copy has that mark, so that whoever changed something sees it in what they read next, at any node.
"""

import asyncio
from contextlib import suppress

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.errors import SysmonError
from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.web.console.app import AnswerFailures
from sysmon_appliance.web.console.guard import SecurityHeaders
from sysmon_appliance.web.console.leaders_part import changes_something, goes_to_leader
from sysmon_appliance.web.console.passing import Followed, Passing, response_of
from sysmon_appliance.web.console.uses import TellUses
from sysmon_appliance.web.problems import problem_response

_SHOW_SECONDS = 5.0
_LOOK_SECONDS = 0.05

AGE_HEADER = "sysmon-age-ms"


def standby_app(app: ASGIApp, followed: Followed, settings: ConsoleSettings) -> ASGIApp:
    """Wrap a standby's console, so that all of it can be used there; for the Unix socket wrap that in ViaSocket."""
    passing = Passing(followed, settings)
    reading = TellUses(app, passing, idle_seconds=settings.session_idle_seconds)
    return SecurityHeaders(AnswerFailures(ShowAge(ForwardWrites(reading, passing, followed), followed)))


class ForwardWrites:
    """Passes on to the leader what only that can answer; a middleware."""

    def __init__(self, app: ASGIApp, passing: Passing, followed: Followed) -> None:
        self._app = app
        self._passing = passing
        self._followed = followed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not goes_to_leader(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if not self._passing.is_for_us(request):
            await self._app(scope, receive, send)  # where it is refused
            return
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            answered = await self._passing.pass_on(request)
        except SysmonError as error:
            return problem_response(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if changes_something(request.method, request.url.path):
            await self._be_shown(answered.mark or 0)
        return response_of(answered)

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
