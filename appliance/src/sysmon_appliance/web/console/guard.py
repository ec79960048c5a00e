"""What every request passes before it is answered, and what every answer carries.

Three doors: the Host header must name this console, so that no page elsewhere can reach it through a name of its own
(DNS rebinding); the API answers only to somebody who is known, but for the few routes that are public; what changes
state needs a header that no page elsewhere can send without asking first, and no other page's Origin (CSRF). What
somebody who is known may do is judged by the route, from the authorisation table.
"""

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import ForbiddenError, SignInError, WrongHostError
from sysmon_appliance.services.access import Access
from sysmon_appliance.web.authorisation import is_public
from sysmon_appliance.web.console.sessions import session_of
from sysmon_appliance.web.limits import client_address
from sysmon_appliance.web.listeners import is_loopback
from sysmon_appliance.web.peer_wire import forwarded_of
from sysmon_appliance.web.problems import problem_response

WRITE_HEADER = "x-sysmon"

UNATTENDED_HEADER = "x-sysmon-unattended"
"""What a page says with the requests that it makes while nobody touches it; they keep no session from going idle."""

_STREAM = "/api/v1/events"
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/?#\[\]]+))(?::\d*)?")

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class ViaSocket:
    """Marks requests as those of an account of this machine; wraps the app for the listener on the Unix socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["principal"] = Principal(Kind.SOCKET, state.get("account", "operator"), Role.ADMIN)
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds the headers that keep a browser from being talked into something, and from keeping what the API says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keeping = {"cache-control": "no-store"} if scope.get("path", "").startswith("/api/") else {}

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS | keeping)
            await send(message)

        await self._app(scope, receive, adding)


class Guard:
    """Refuses what may not pass, and finds out who asks.

    Parameters
    ----------
    names
        The host names of this console, none meaning any.
    url
        Its address, for hints.
    secure
        Whether it speaks TLS.
    """

    def __init__(self, app: ASGIApp, access: Access, *, names: frozenset[str], url: str, secure: bool) -> None:
        self._app = app
        self._access = access
        self._names = names
        self._url = url
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = self._refusal(HTTPConnection(scope))
        await (problem_response(error) if error else self._app)(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> SysmonError | None:
        scope = connection.scope
        state = scope.setdefault("state", {})
        if "principal" in state:
            return None
        if forwarded_of(scope) is None and not is_named(connection, self._names):
            return WrongHostError("This console is not served under that name.", hint="sysmon link")
        if not scope["path"].startswith("/api/"):
            return None
        if "authorization" in connection.headers:
            return self._admit(connection, self._bearer(connection))
        if scope["method"] not in {"GET", "HEAD"} and not _is_meant(connection):
            return ForbiddenError("What changes something needs the header X-Sysmon: 1, from a page of this console.")
        return self._admit(connection, self._visitor(connection))

    def _admit(self, connection: HTTPConnection, principal: Principal | None) -> SysmonError | None:
        """Leave who asks for the route; nobody may ask for public routes only."""
        if principal is not None:
            connection.scope["state"]["principal"] = principal
        elif not is_public(connection.scope["method"], connection.scope["path"]):
            return SignInError("Nobody is signed in here, or not any more.", hint=self._way_in(connection))
        return None

    def _visitor(self, connection: HTTPConnection) -> Principal | None:
        session, origin = session_of(connection), client_address(connection.scope)
        return self._access.of_session(session, origin, is_use=is_attended(connection)) if session else None

    def _bearer(self, connection: HTTPConnection) -> Principal | None:
        kind, _, token = connection.headers["authorization"].partition(" ")
        if kind.lower() != "bearer":
            return None
        return self._access.of_token(token.strip(), client_address(connection.scope))

    def _way_in(self, connection: HTTPConnection) -> str:
        """Name the command that helps whoever is not let in."""
        forwarded = forwarded_of(connection.scope)
        if self._access.has_users:
            return f"sysmon login {forwarded.base_url if forwarded else self._url}"
        return "sysmon users create NAME --role admin" if self._secure else "sysmon link"


def is_named(connection: HTTPConnection, names: frozenset[str]) -> bool:
    """Whether a request is for a console of these names, none meaning any; for one of loopback it always is."""
    host = connection.headers.get("host", "")
    name = host_name(host)
    if not names:
        return bool(name) or not host
    return name in names or is_loopback(name)


def _is_meant(connection: HTTPConnection) -> bool:
    """Whether a request that changes something comes from a page of this console, or from no page at all."""
    host, origin = connection.headers.get("host", ""), connection.headers.get("origin")
    return connection.headers.get(WRITE_HEADER) == "1" and origin in {None, f"http://{host}", f"https://{host}"}


def is_attended(connection: HTTPConnection) -> bool:
    """Whether a person may be behind a request: pages load things again, and open streams again, by themselves."""
    return UNATTENDED_HEADER not in connection.headers and connection.scope["path"] != _STREAM


def host_name(host: str) -> str:
    """Return the name or address in a Host header, without the port; empty where the header is malformed."""
    found = _HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""
