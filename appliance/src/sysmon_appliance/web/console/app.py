"""Puts the console's web application together."""

import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.config.addresses import parse_address
from sysmon_agent.errors import SysmonError
from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.errors import MethodNotAllowedError, NotFoundError
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.limits import RequestLimits
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.services.storage_side import StorageSide
from sysmon_appliance.web.console import static
from sysmon_appliance.web.console.api import Site
from sysmon_appliance.web.console.guard import Guard, SecurityHeaders
from sysmon_appliance.web.console.idempotency import Repeats
from sysmon_appliance.web.console.limiting import judge_of
from sysmon_appliance.web.console.routes import API
from sysmon_appliance.web.console.routes.session import link_route
from sysmon_appliance.web.console.telemetry import ROUTE_KEY, CountRequests, Telemetry
from sysmon_appliance.web.limits import LimitRequests
from sysmon_appliance.web.listeners import EVERYWHERE, is_loopback
from sysmon_appliance.web.problems import problem_response

_log = logging.getLogger(__name__)


def create_app(
    side: ReadSide,
    control: Control,
    keeping: StorageSide,
    telemetry: Telemetry,
    *,
    steering: Steering,
    settings: ConsoleSettings,
    limits: RequestLimits,
    built: Path = static.BUILT,
) -> Starlette:
    """Make the application for the console's listener.

    `settings.listen` holds the port that is really used. For the Unix socket wrap the application in ViaSocket.
    """
    site = Site(
        side,
        control,
        keeping,
        steering,
        telemetry,
        base_url(settings),
        is_named=bool(settings.url),
        repeats=Repeats(side.clock),
    )
    routes = [
        *(route.bind(site) for route in API),
        link_route(site),
        *static.routes(static.load(built)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(CountRequests, telemetry=telemetry),
            Middleware(SecurityHeaders),
            Middleware(AnswerFailures),
            Middleware(
                Guard,
                access=control.access,
                names=host_names(settings),
                url=site.base_url,
                secure=bool(settings.certificate),
            ),
            Middleware(LimitRequests, judge=judge_of(limits)),
        ],
        exception_handlers={SysmonError: _known, HTTPException: _by_status},
    )


def base_url(settings: ConsoleSettings) -> str:
    """Return the address at which a browser on this machine, or anywhere if so configured, finds the console."""
    if settings.url:
        return settings.url.rstrip("/")
    address = parse_address(settings.listen)
    named = replace(address, host="localhost") if address.host in EVERYWHERE else address
    return f"{'https' if settings.certificate else 'http'}://{named}"


def host_names(settings: ConsoleSettings) -> frozenset[str]:
    """Return the names that a Host header may carry besides loopback's.

    Where the console listens on every address there is TLS, and then the browser itself checks the name.
    """
    name = parse_address(settings.listen).host.lower()
    known = {urlsplit(settings.url).hostname or ""} - {""}
    if name in EVERYWHERE and settings.certificate:
        return frozenset()
    return frozenset(known | ({"localhost"} if is_loopback(name) else {name}))


async def _known(_: Request, error: Exception) -> Response:
    assert isinstance(error, SysmonError)  # noqa: S101 - what the handler is registered for
    return problem_response(error)


async def _by_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    if error.status_code == 405:
        return problem_response(MethodNotAllowedError(f"{request.url.path} has no method {request.method}."))
    return problem_response(
        NotFoundError(f"There is nothing at {request.url.path}.", hint="docs/reference/http-api.md")
    )


class AnswerFailures:
    """Answers with a problem document where a route failed by a fault of ours, and logs the fault; a middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            _log.exception("A request failed.", extra={"route": scope.get(ROUTE_KEY, "other")})
            if begun:
                raise
            error = SysmonError("The aggregator failed to answer; its log says why.")
            await problem_response(error)(scope, receive, send)
