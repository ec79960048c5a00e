"""The ordinary routes of the ingest listener. Pushes never come here: see protocol.py."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.decode import decode_hello
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.peer import AGGREGATOR
from sysmon_agent.wire.routes import HELLO_PATH, MESSAGE_TYPE
from sysmon_appliance.domain.limits import Allowance
from sysmon_appliance.errors import MethodNotAllowedError, NotFoundError
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.web.ingest.audiences import bound
from sysmon_appliance.web.ingest.enrolling import enrolling_routes
from sysmon_appliance.web.ingest.peers import PeerSide, peer_routes
from sysmon_appliance.web.limits import LimitRequests, client_address
from sysmon_appliance.web.problems import problem_of

_log = logging.getLogger(__name__)


def create_app(side: AgentSide, clock: Clock, peers: PeerSide | None = None) -> Starlette:
    """Make the app; it finds `connection`, an IngestProtocol, in the request's state.

    `peers` is for the other aggregators of the region, where there may be some.
    """

    async def hello(request: Request) -> Response:
        connection = request.state.connection
        holder = connection.holder
        message = decode_hello(await request.body(), side.ingest.limits)
        reply = await side.ingest.hello(holder.peer, message, connection, received_ms=connection.received_ms)
        asked = replace(reply, renew=side.certificates.wants_renewal(holder))
        return Response(encode_reply(asked), media_type=MESSAGE_TYPE)

    def judge(scope: Scope) -> Allowance | None:
        if scope["path"] == HELLO_PATH:
            return None
        holder = scope["state"]["connection"].holder
        if holder is not None and holder.peer.role == AGGREGATOR:
            return None  # what it passes on is counted against whoever asked it
        return side.limits.enrolment(holder.peer.id if holder else "", client_address(scope))

    of_peers = peer_routes(peers) if peers is not None else []
    return Starlette(
        middleware=[Middleware(LimitRequests, judge=judge)],
        routes=[bound("POST", HELLO_PATH, hello), *enrolling_routes(side, clock), *of_peers],
        exception_handlers={**FAILURES, 404: _not_found, 405: _method_not_allowed},
    )


async def _show(_: Request, error: Exception) -> Response:
    assert isinstance(error, SysmonError)  # noqa: S101 - what the handler is registered for
    _log.info("An agent was refused.", extra={"code": error.code, "detail": error.message})
    problem = problem_of(error)
    return Response(problem.body, problem.status, problem.headers)


async def _drop(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


FAILURES: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    SysmonError: _show,
    ClientDisconnect: _drop,
}
"""What becomes of requests that fail, on every listener of agents."""


async def _not_found(request: Request, _: Exception) -> Response:
    return await _show(request, NotFoundError(f"There is no {request.url.path} here."))


async def _method_not_allowed(request: Request, _: Exception) -> Response:
    error = MethodNotAllowedError(f"{request.url.path} has no method {request.method}.")
    return await _show(request, error)
