"""Signing in by a one-time link, and out again."""

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sysmon_appliance.domain.principals import Kind
from sysmon_appliance.web.console.api import ApiRoute, Call, Site, json_response
from sysmon_appliance.web.console.authorisation import bind

COOKIE = "sysmon_session"

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


class SessionView(msgspec.Struct, frozen=True):
    signed_in: bool
    via: Kind | None


class LinkView(msgspec.Struct, frozen=True):
    url: str


async def show(call: Call) -> Response:
    return json_response(SessionView(signed_in=True, via=call.principal.kind))


async def sign_out(call: Call) -> Response:
    await call.control.access.sign_out(call.request.cookies.get(COOKIE, ""))
    response = json_response(SessionView(signed_in=False, via=None))
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


async def new_link(call: Call) -> Response:
    return json_response(LinkView(f"{call.site.base_url}/link/{call.control.access.new_link()}"), status=201)


def link_route(site: Site, *, session_seconds: int) -> Route:
    """Serve the page that a one-time link opens."""

    async def open_link(request: Request) -> Response:
        # Programs that look at links before people open them must not use them up.
        if request.method != "GET":
            return Response(status_code=204)
        session = await site.control.access.redeem(
            request.path_params["token"], replaces=request.cookies.get(COOKIE, "")
        )
        if session is None:
            return HTMLResponse(_REFUSED, status_code=403, headers={"cache-control": "no-store"})
        response = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
        response.set_cookie(
            COOKIE, session, max_age=session_seconds, httponly=True, samesite="strict", secure=site.secure
        )
        return response

    return bind("GET", "/link/{token}", open_link)


ROUTES = (
    ApiRoute("GET", "/api/v1/session", "Whether and how this request is signed in.", show, SessionView),
    ApiRoute("DELETE", "/api/v1/session", "Sign out.", sign_out, SessionView),
    ApiRoute(
        "POST",
        "/api/v1/links",
        "Make a one-time link to the console; only over the Unix socket.",
        new_link,
        LinkView,
        status=201,
    ),
)
