"""A server of the built console with canned answers, whose failures a test can order."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sysmon_agent.clock import SystemClock
from sysmon_appliance.errors import NotFoundError, SignInError, StorageFailedError
from sysmon_appliance.web.console.guard import SECURITY_HEADERS
from sysmon_appliance.web.console.static import BUILT
from sysmon_appliance.web.problems import problem_response
from tests.support import canned_fleet, canned_series
from tests.support.canned_access import CannedAccess
from tests.support.canned_access import Handler as AccessHandler
from tests.support.canned_fleet import CannedHost, Json
from tests.support.canned_identity import CannedIdentity
from tests.support.canned_region import CannedRegion, CannedRegionRoutes
from tests.support.canned_storage import CannedStorage, CannedStorageRoutes

Handler = Callable[[Request], Json | Response]
Endpoint = Callable[[Request], Awaitable[Response]]

PUBLIC = {("POST", "/session"), ("GET", "/invitations/{token}"), ("POST", "/invitations/{token}")}


class CannedConsole:
    """The knobs of the server: a test turns them and watches the console."""

    def __init__(self, hosts: int = 24) -> None:
        self.grow(hosts)
        self.access = CannedAccess(CannedIdentity(now_ms(), self.hosts))
        self.storage = CannedStorage(now_ms())
        self.region = CannedRegion(now_ms)
        self.signed_in = True
        self.reachable = True
        self.origin = ""

    def grow(self, hosts: int) -> None:
        """Have so many hosts from now on."""
        self.hosts = [CannedHost(number) for number in range(hosts)]

    def find(self, key: str) -> CannedHost | None:
        return next((host for host in self.hosts if key in {host.id, host.name}), None)


class CannedApi:
    """The routes of the API. A handler returns a document, or a response of its own."""

    def __init__(self, console: CannedConsole) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        handlers: dict[str, Handler] = {
            "/fleet": lambda _: canned_fleet.fleet(self._console.hosts, now_ms()),
            "/ledger": lambda _: canned_fleet.ledger(self._console.hosts),
            "/events": self._events,
            "/hosts/compare": self._compare,
            "/hosts/{id}": lambda request: self._host(request, lambda host: host.detail(now_ms())),
            "/hosts/{id}/charts": self._charts,
            "/hosts/{id}/processes": self._processes,
            "/hosts/{id}/processes/top": self._top,
            "/series": lambda request: canned_series.answer(self._console.hosts, request, now_ms()),
            "/series/cardinality": self._cardinality,
        }
        fleet = [Route(f"/api/v1{path}", self._guarded(handler)) for path, handler in handlers.items()]
        return [*self._access_routes(), *fleet]

    def _access_routes(self) -> list[Route]:
        parts = (
            self._console.access,
            CannedStorageRoutes(self._console.storage),
            CannedRegionRoutes(self._console.region),
        )
        reads = {("GET", path): handler for part in parts for path, handler in part.reads().items()}
        writes = {key: handler for part in parts for key, handler in part.writes().items()}
        return [
            Route(
                f"/api/v1{path}", self._access_endpoint(handler, is_public=(method, path) in PUBLIC), methods=[method]
            )
            for (method, path), handler in (reads | writes).items()
        ]

    def _access_endpoint(self, handler: AccessHandler, *, is_public: bool) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            refused = self._refused(is_public=is_public)
            return refused or self._aged(respond(await self._console.access.answer(request, handler)))

        return endpoint

    def _guarded(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return self._refused() or self._aged(respond(handler(request)))

        return endpoint

    def _aged(self, answer: Response) -> Response:
        """Say with an answer how old its data is, as standbys do."""
        age_ms = self._console.region.age_ms
        if age_ms is not None:
            answer.headers["sysmon-age-ms"] = str(age_ms)
        return answer

    def _refused(self, *, is_public: bool = False) -> Response | None:
        if not self._console.reachable:
            return problem_response(StorageFailedError("The aggregator is starting."))
        if not (self._console.signed_in or is_public):
            return problem_response(SignInError("This browser is not signed in."))
        return None

    def _host(self, request: Request, answer: Callable[[CannedHost], Json]) -> Json | Response:
        host = self._console.find(request.path_params["id"])
        if host is None:
            return problem_response(NotFoundError("No host has this name or id.", hint="sysmon hosts list"))
        return answer(host)

    def _charts(self, request: Request) -> Json | Response:
        start, end, points = (int(request.query_params[name]) for name in ("from", "to", "points"))
        return self._host(request, lambda host: canned_fleet.charts(host, start, end, points))

    def _processes(self, request: Request) -> Json | Response:
        at_ms = int(request.query_params.get("at", now_ms()))
        return self._host(request, lambda _: canned_fleet.processes(at_ms))

    def _top(self, request: Request) -> Json | Response:
        given = request.query_params
        start, end = int(given["from"]), int(given["to"])
        return self._host(request, lambda _: canned_fleet.top_processes(start, end, given["by"], int(given["limit"])))

    def _cardinality(self, request: Request) -> Json:
        return canned_series.cardinality(self._console.hosts, int(request.query_params["limit"]))

    def _compare(self, request: Request) -> Json:
        hosts = [self._console.find(key) for key in request.query_params.getlist("host")]
        return canned_fleet.compare([host for host in hosts if host], now_ms())

    def _events(self, request: Request) -> Response:
        return StreamingResponse(stream(self._console, request), media_type="text/event-stream")


def respond(answer: Json | Response) -> Response:
    return answer if isinstance(answer, Response) else JSONResponse(answer)


def create_app(console: CannedConsole) -> Starlette:
    assets = Mount("/assets", StaticFiles(directory=BUILT / "assets"))
    return Starlette(routes=[*CannedApi(console).routes(), assets, Route("/{path:path}", page)])


async def page(_: Request) -> Response:
    return FileResponse(BUILT / "index.html", headers=SECURITY_HEADERS)


async def stream(console: CannedConsole, request: Request) -> AsyncIterator[str]:
    """One fleet event a second, and the ticks of the host that is watched."""
    watched = console.find(request.query_params.get("host", ""))
    number = 0
    while console.reachable and not await request.is_disconnected():
        number += 1
        yield event(number, "fleet", canned_fleet.fleet_event(console.hosts, now_ms()))
        if watched and number % 2 == 0:
            at = [now_ms()]
            yield event(number, "ticks", {"t": at, "charts": canned_fleet.chart_values(watched, at)})
        await asyncio.sleep(1)


def event(number: int, name: str, data: Any) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def now_ms() -> int:
    return SystemClock().wall_ms()


@contextlib.contextmanager
def serving(console: CannedConsole) -> Iterator[CannedConsole]:
    """Serve on a free port of the loopback interface, in a thread, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    console.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(create_app(console), log_level="warning", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield console
    finally:
        console.reachable = False
        server.should_exit = True
        thread.join()
        listener.close()
