"""A route of the API as a value: what it answers, what it takes, and who may ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_appliance.domain.access import Via
from sysmon_appliance.errors import BadRequestError, ForbiddenError
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.web.console.parameters import MAX_QUERY_BYTES, Given, Parameter, read
from sysmon_appliance.web.console.telemetry import ROUTE_KEY, Telemetry


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route, with its parameters checked."""

    side: ReadSide
    telemetry: Telemetry
    base_url: str
    request: Request
    given: Given


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """`answer` is the type of the JSON answer, or a media type where it is no JSON."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: type | str
    parameters: tuple[Parameter, ...] = ()
    operator_only: bool = False  # only over the Unix socket
    status: int = 200

    def bind(self, side: ReadSide, telemetry: Telemetry, base_url: str) -> Route:
        """Make the route that Starlette serves."""

        async def endpoint(request: Request) -> Response:
            request.scope[ROUTE_KEY] = self.path
            if self.operator_only and via(request) is not Via.SOCKET:
                raise ForbiddenError("Only commands on the aggregator's own machine may do this.", hint="sysmon link")
            if len(request.scope["query_string"]) > MAX_QUERY_BYTES:
                raise BadRequestError(f"The query is longer than {MAX_QUERY_BYTES} bytes.")
            given = read(request.query_params, self.parameters)
            return await self.handler(Call(side, telemetry, base_url, request, given))

        return Route(self.path, endpoint, methods=[self.method])


def via(request: Request) -> Via | None:
    """How the request was let in; None when it needed no permission."""
    found = request.scope.get("state", {}).get("via")
    return Via(found) if found else None


def json_response(answer: object, *, status: int = 200) -> Response:
    """Encode an answer; NaN becomes null."""
    return Response(
        msgspec.json.encode(answer),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
