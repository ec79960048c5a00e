"""Binds the ingest listener's routes to those for whom the authorisation table says they are."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_agent.wire.peer import AGENT, AGGREGATOR
from sysmon_appliance.web.authorisation import Audience, Least, bind, least
from sysmon_appliance.web.ingest.holder import require_role

_ROLES: Mapping[Least, str] = {Audience.AGENT: AGENT, Audience.PEER: AGGREGATOR}
"""What the certificate of a connection must say; of public routes the handler judges what it is given."""


def bound(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Make a route that answers only to its audience; it finds `connection` in the request's state.

    Raises
    ------
    ValueError
        The authorisation table has no line for it.
    """
    role = _ROLES.get(least(method, path))

    async def judged(request: Request) -> Response:
        # Here, and not where the listener looks at the raw path: that may spell the same route in another way.
        if role is not None:
            require_role(request.state.connection.holder, role)
        return await endpoint(request)

    return bind(method, path, judged)
