"""The console of an aggregator that has no database to show: it says why, and takes what helps it out.

There are no users without a database, so only commands on this machine are told more than the role, and may decide.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.messages import PROTOCOL_VERSION
from sysmon_appliance import __version__
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.errors import NotReadyError
from sysmon_appliance.services.ha_documents import RegionDocument
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.web.authorisation import bind
from sysmon_appliance.web.console.api import decoded, json_response, principal_of, read_body
from sysmon_appliance.web.console.app import AnswerFailures
from sysmon_appliance.web.console.guard import SecurityHeaders
from sysmon_appliance.web.console.ha_metrics import TopologyMetrics
from sysmon_appliance.web.console.readiness import Readiness, not_yet
from sysmon_appliance.web.console.routes.ha import RecoveryWanted
from sysmon_appliance.web.console.routes.operations import Version
from sysmon_appliance.web.problems import problem_response

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="3"><title>SysMonitor: one moment</title></head>
<body>
<h1>There is nothing to show here yet</h1>
<p>{reason}</p>
<p>On this machine, <code>sysmon ha status</code> says more. This page loads itself again.</p>
</body>
</html>
"""

Endpoint = Callable[[Request], Awaitable[Response]]


def waiting_app(steering: Steering) -> Starlette:
    """Make the application; for the Unix socket wrap it in ViaSocket."""
    waiting = _Waiting(steering)
    return Starlette(
        routes=[
            bind("GET", "/healthz", waiting.healthz),
            bind("GET", "/readyz", waiting.readyz),
            bind("GET", "/version", waiting.version),
            bind("GET", "/metrics", waiting.metrics),
            bind("GET", "/api/v1/ha", waiting.show),
            bind("POST", "/api/v1/ha/adopt", waiting.adopt),
            bind("POST", "/api/v1/ha/recover", waiting.recover),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(AnswerFailures)],
        exception_handlers={SysmonError: _show, 404: waiting.nothing, 405: waiting.nothing},
    )


class _Waiting:
    def __init__(self, steering: Steering) -> None:
        self._steering = steering
        self._registry = CollectorRegistry()
        self._registry.register(TopologyMetrics(steering.topology))

    async def healthz(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, _: Request) -> Response:
        return json_response(Readiness.of(not_yet(self._steering.topology.state())), status=503)

    async def version(self, _: Request) -> Response:
        return json_response(Version(__version__, PROTOCOL_VERSION, self._steering.topology.state().epoch))

    async def metrics(self, _: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def show(self, request: Request) -> Response:
        self._operator(request)
        return json_response(self._document())

    async def adopt(self, request: Request) -> Response:
        await self._steering.adopt(self._operator(request))
        return json_response(self._document(), status=202)

    async def recover(self, request: Request) -> Response:
        operator = self._operator(request)
        wanted: RecoveryWanted = decoded(await read_body(request), RecoveryWanted)
        await self._steering.recover(operator, wanted.path)
        return json_response(self._document(), status=202)

    async def nothing(self, request: Request, _: Exception) -> Response:
        """Answer for every route that needs a database."""
        if request.url.path.startswith("/api/"):
            return problem_response(self._refusal())
        page = _PAGE.format(reason=self._reason)
        return HTMLResponse(page, HTTPStatus.SERVICE_UNAVAILABLE, {"cache-control": "no-store"})

    @property
    def _reason(self) -> str:
        return not_yet(self._steering.topology.state()).detail

    def _document(self) -> RegionDocument:
        return RegionDocument.of(self._steering.topology.state())

    def _operator(self, request: Request) -> Principal:
        """Return the account of this machine that asks.

        Raises
        ------
        NotReadyError
            It is somebody else, of whom nothing can be known without users.
        """
        principal = principal_of(request)
        if principal is None or principal.kind is not Kind.SOCKET:
            raise self._refusal()
        return principal

    def _refusal(self) -> NotReadyError:
        return NotReadyError(self._reason, hint="sysmon ha status")


async def _show(_: Request, error: Exception) -> Response:
    assert isinstance(error, SysmonError)  # noqa: S101 - what the handler is registered for
    return problem_response(error)
