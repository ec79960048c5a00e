"""Signing in and out, the sessions there are, and the links that start one."""

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sysmon_appliance.domain.access import Session
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.web.authorisation import bind
from sysmon_appliance.web.console.api import ApiRoute, Call, Site, json_response
from sysmon_appliance.web.console.sessions import drop_session, keep_session, session_of, visitor_of
from sysmon_appliance.web.limits import client_address

_REFUSED = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>SysMonitor: this link is used up</title></head>
<body>
<h1>This link does not open the console</h1>
<p>Each link works once, for ten minutes. This one was used, has expired, or is not complete.</p>
<p>On the machine that runs SysMonitor, <code>make up</code> or <code>sysmon link</code> prints a new one.</p>
</body>
</html>
"""


class Confidential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body with a password in it, which no message may show."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Credentials(Confidential, frozen=True):
    user: str
    password: str


class SessionView(msgspec.Struct, frozen=True):
    """Who asks; `expires` is null where that has no end. All is null where nobody is signed in."""

    signed_in: bool
    via: Kind | None = None
    name: str | None = None
    role: Role | None = None
    user: str | None = None
    expires: int | None = None


class OpenSession(msgspec.Struct, frozen=True):
    """A browser that is signed in; `last_used` is right to within five minutes."""

    id: str
    user: str | None
    via: Kind
    name: str
    origin: str
    agent: str
    started: int
    last_used: int
    expires: int
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    sessions: list[OpenSession]


class LinkView(msgspec.Struct, frozen=True):
    url: str


def view(principal: Principal) -> SessionView:
    """Describe who asks."""
    return SessionView(
        signed_in=True,
        via=principal.kind,
        name=principal.name,
        role=principal.role,
        user=principal.user or None,
        expires=principal.expires_ms or None,
    )


def begun(call: Call, secret: str) -> Response:
    """Answer with a session that has just begun."""
    principal = call.control.access.of_session(secret, client_address(call.request.scope))
    response = json_response(view(principal) if principal else SessionView(signed_in=False))
    keep_session(call.request, response, secret, seconds=call.control.sessions.seconds)
    return response


async def show(call: Call) -> Response:
    return json_response(view(call.principal))


async def sign_in(call: Call) -> Response:
    given: Credentials = call.body
    before = session_of(call.request)
    visitor = visitor_of(call.request)
    return begun(call, await call.control.sign_in.sign_in(given.user, given.password, visitor, replaces=before))


async def sign_out(call: Call) -> Response:
    if call.principal.kind in {Kind.USER, Kind.LINK}:
        await call.control.sessions.end(call.principal, call.principal.credential)
    response = json_response(SessionView(signed_in=False))
    drop_session(call.request, response)
    return response


async def list_sessions(call: Call) -> Response:
    found = call.control.sessions.of(call.principal)
    return json_response(SessionList([_open(session, call.principal) for session in found]))


async def end_session(call: Call) -> Response:
    await call.control.sessions.end(call.principal, call.request.path_params["id"])
    return Response(status_code=204)


def _open(session: Session, principal: Principal) -> OpenSession:
    return OpenSession(
        id=session.id,
        user=session.user or None,
        via=session.kind,
        name=session.name,
        origin=session.visitor.origin,
        agent=session.visitor.agent,
        started=session.started_ms,
        last_used=session.last_used_ms,
        expires=session.expires_ms,
        current=session.id == principal.credential,
    )


async def new_link(call: Call) -> Response:
    token = await call.control.sessions.new_link(call.principal)
    return json_response(LinkView(f"{call.base_url}/link/{token}"), status=201)


def link_route(site: Site) -> Route:
    """Serve the page that a one-time link opens."""

    async def open_link(request: Request) -> Response:
        # Programs that look at links before people open them must not use them up.
        if request.method != "GET":
            return Response(status_code=204)
        before = session_of(request)
        sessions = site.control.sessions
        secret = await sessions.redeem(request.path_params["token"], visitor_of(request), replaces=before)
        if secret is None:
            return HTMLResponse(_REFUSED, status_code=403, headers={"cache-control": "no-store"})
        response = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
        keep_session(request, response, secret, seconds=sessions.seconds)
        return response

    return bind("GET", "/link/{token}", open_link)


ROUTES = (
    ApiRoute("GET", "/api/v1/session", "Who is signed in, how, and what they may do.", show, SessionView),
    ApiRoute(
        "POST",
        "/api/v1/session",
        "Sign in with a password; the answer sets the cookie of a new session.",
        sign_in,
        SessionView,
        body=Credentials,
        problems=("bad_credentials", "locked_out"),
    ),
    ApiRoute("DELETE", "/api/v1/session", "Sign out.", sign_out, SessionView),
    ApiRoute(
        "GET",
        "/api/v1/sessions",
        "Browsers that are signed in: one's own, and everybody's for an admin.",
        list_sessions,
        SessionList,
    ),
    ApiRoute(
        "DELETE",
        "/api/v1/sessions/{id}",
        "End a session: one of one's own, and anybody's for an admin.",
        end_session,
        "text/plain",
        status=204,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/links",
        "Make a one-time link to the console; only over the Unix socket.",
        new_link,
        LinkView,
        status=201,
    ),
)
