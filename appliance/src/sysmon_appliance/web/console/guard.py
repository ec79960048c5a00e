"""What every request passes before it is answered, and what every answer carries.

Three doors: the Host header must name this console, so that no page elsewhere can reach it through a name of its own
(DNS rebinding); the API answers only to a session or to the Unix socket; what changes state needs a header that no
page elsewhere can send without asking first (CSRF).
"""

import ipaddress

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import ForbiddenError, SignInError, WrongHostError
from sysmon_appliance.services.access import Access
from sysmon_appliance.web.console.authorisation import is_public
from sysmon_appliance.web.console.routes.session import COOKIE
from sysmon_appliance.web.problems import problem_response

WRITE_HEADER = "x-sysmon"

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
    """Marks requests as the operator's; wraps the app for the listener on the Unix socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["principal"] = Principal(Kind.SOCKET, "operator", Role.ADMIN)
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds the headers that keep a browser from being talked into something."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, adding)


class Guard:
    """Refuses what may not pass; `names` are the host names of this console, none meaning any."""

    def __init__(self, app: ASGIApp, access: Access, names: frozenset[str]) -> None:
        self._app = app
        self._access = access
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = self._refusal(HTTPConnection(scope))
        await (problem_response(error) if error else self._app)(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> SysmonError | None:
        state = connection.scope.setdefault("state", {})
        if "principal" in state:
            return None
        if not self._is_ours(connection.headers.get("host", "")):
            return WrongHostError("This console is not served under that name.", hint="sysmon link")
        if not connection.scope["path"].startswith("/api/"):
            return None
        if self._access.is_signed_in(connection.cookies.get(COOKIE, "")):
            state["principal"] = Principal(Kind.LINK, "operator", Role.ADMIN)
        elif not is_public(connection.scope["method"], connection.scope["path"]):
            return SignInError("There is no session, or it has ended.", hint="sysmon link")
        if connection.scope["method"] not in {"GET", "HEAD"} and connection.headers.get(WRITE_HEADER) != "1":
            return ForbiddenError("What changes something needs the header X-Sysmon: 1.")
        return None

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        return not self._names or name in self._names or is_loopback(name)


def host_name(host: str) -> str:
    """Take the port off a Host header or an address; brackets of an IPv6 address go too."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.rpartition(":")[0] or host
    return name.lower()


def is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
