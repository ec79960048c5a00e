"""The cookie in which a browser keeps its session."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from sysmon_appliance.domain.access import Visitor
from sysmon_appliance.web.limits import client_address

_PLAIN = "sysmon_session"
_SECURE = "__Host-sysmon_session"
"""Browsers take a cookie of such a name only over TLS, and from nobody but this very host."""

_MOST_OF_AGENT = 200


def cookie_name(*, secure: bool) -> str:
    """Name the cookie; `secure` is whether the console speaks TLS."""
    return _SECURE if secure else _PLAIN


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser speaks TLS: to this console, or to the one that has passed its request on."""
    return bool(connection.scope["scheme"] == "https")


def session_of(connection: HTTPConnection) -> str:
    """Return the secret that a browser shows; empty where it shows none."""
    return connection.cookies.get(cookie_name(secure=is_secure(connection)), "")


def keep_session(connection: HTTPConnection, response: Response, secret: str, *, seconds: int) -> None:
    """Let the browser keep a session, out of reach of scripts and of other sites."""
    secure = is_secure(connection)
    response.set_cookie(
        cookie_name(secure=secure), secret, max_age=seconds, httponly=True, samesite="strict", secure=secure
    )


def drop_session(connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(connection)
    response.delete_cookie(cookie_name(secure=secure), httponly=True, samesite="strict", secure=secure)


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Describe the browser; what it calls itself may end up on somebody's terminal, and is cleared of control codes."""
    agent = "".join(filter(str.isprintable, connection.headers.get("user-agent", "")))
    return Visitor(client_address(connection.scope), agent[:_MOST_OF_AGENT])
