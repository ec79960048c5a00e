"""Who may use which route: one table for the routes of all listeners.

A route that has no line here cannot be bound, so forgetting one is a start that fails, never a door that stands open.
The table says the least that is asked for; what somebody may do to their own things only, the route's handler judges.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

from sysmon_appliance.domain.principals import Role


class Audience(StrEnum):
    """Whom a route is for, where no role decides."""

    PUBLIC = "public"  # anybody: it tells nothing about hosts, or takes a secret of its own
    SOCKET = "socket"  # commands on the aggregator's own machine
    AGENT = "agent"  # whoever shows an agent's certificate that is good at this moment
    PEER = "peer"  # another aggregator of the region, likewise


Least = Role | Audience

LEAST: Mapping[tuple[str, str], Least] = {
    # Console and API.
    ("GET", "/api/v1/fleet"): Role.VIEWER,
    ("GET", "/api/v1/hosts"): Role.VIEWER,
    ("GET", "/api/v1/hosts/compare"): Role.VIEWER,
    ("GET", "/api/v1/hosts/{id}"): Role.VIEWER,
    ("GET", "/api/v1/hosts/{id}/range"): Role.VIEWER,
    ("GET", "/api/v1/hosts/{id}/charts"): Role.VIEWER,
    ("GET", "/api/v1/hosts/{id}/processes"): Role.VIEWER,
    ("GET", "/api/v1/hosts/{id}/processes/top"): Role.VIEWER,
    ("GET", "/api/v1/events"): Role.VIEWER,
    ("GET", "/api/v1/ledger"): Role.VIEWER,
    ("GET", "/api/v1/series"): Role.VIEWER,
    ("GET", "/api/v1/series/cardinality"): Role.VIEWER,
    ("GET", "/api/v1/export"): Role.VIEWER,
    ("POST", "/api/v1/imports"): Role.OPERATOR,
    ("GET", "/api/v1/imports/{id}"): Role.OPERATOR,
    ("POST", "/api/v1/imports/{id}/values"): Role.OPERATOR,
    ("POST", "/api/v1/imports/{id}/finish"): Role.OPERATOR,
    ("DELETE", "/api/v1/imports/{id}"): Role.OPERATOR,
    ("GET", "/api/v1/storage"): Role.VIEWER,
    ("GET", "/api/v1/storage/forecast"): Role.VIEWER,
    ("GET", "/api/v1/storage/segments"): Role.VIEWER,
    ("POST", "/api/v1/storage/seal"): Role.OPERATOR,
    ("GET", "/api/v1/storage/check"): Role.VIEWER,
    ("POST", "/api/v1/storage/check"): Role.OPERATOR,
    ("POST", "/api/v1/storage/repair"): Role.OPERATOR,
    ("GET", "/api/v1/ha"): Role.VIEWER,
    ("GET", "/api/v1/ha/handoff"): Role.OPERATOR,
    ("POST", "/api/v1/ha/handoff"): Role.ADMIN,
    ("POST", "/api/v1/ha/adopt"): Audience.SOCKET,
    ("POST", "/api/v1/ha/recover"): Audience.SOCKET,
    ("GET", "/api/v1/backups"): Role.VIEWER,
    ("POST", "/api/v1/backups/drill"): Role.OPERATOR,
    ("POST", "/api/v1/backups/restore"): Role.ADMIN,
    ("GET", "/api/v1/authority"): Audience.PUBLIC,
    ("GET", "/api/v1/session"): Role.VIEWER,
    ("POST", "/api/v1/session"): Audience.PUBLIC,
    ("DELETE", "/api/v1/session"): Role.VIEWER,
    ("GET", "/api/v1/sessions"): Role.VIEWER,
    ("DELETE", "/api/v1/sessions/{id}"): Role.VIEWER,
    ("GET", "/api/v1/users"): Role.ADMIN,
    ("POST", "/api/v1/users"): Role.ADMIN,
    ("PATCH", "/api/v1/users/{name}"): Role.ADMIN,
    ("DELETE", "/api/v1/users/{name}"): Role.ADMIN,
    ("POST", "/api/v1/users/{name}/invitation"): Role.ADMIN,
    ("GET", "/api/v1/invitations/{token}"): Audience.PUBLIC,
    ("POST", "/api/v1/invitations/{token}"): Audience.PUBLIC,
    ("PUT", "/api/v1/password"): Role.VIEWER,
    ("GET", "/api/v1/api-tokens"): Role.VIEWER,
    ("POST", "/api/v1/api-tokens"): Role.VIEWER,
    ("DELETE", "/api/v1/api-tokens/{id}"): Role.VIEWER,
    ("GET", "/api/v1/tokens"): Role.OPERATOR,
    ("POST", "/api/v1/tokens"): Role.OPERATOR,
    ("DELETE", "/api/v1/tokens/{id}"): Role.OPERATOR,
    ("GET", "/api/v1/enrolments"): Role.OPERATOR,
    ("POST", "/api/v1/enrolments/{id}/approve"): Role.OPERATOR,
    ("POST", "/api/v1/enrolments/{id}/reject"): Role.OPERATOR,
    ("GET", "/api/v1/certificates"): Role.VIEWER,
    ("GET", "/api/v1/certificates/{serial}"): Role.VIEWER,
    ("GET", "/api/v1/certificates/rotation"): Role.VIEWER,
    ("POST", "/api/v1/certificates/rotate"): Role.ADMIN,
    ("POST", "/api/v1/certificates/{serial}/revoke"): Role.OPERATOR,
    ("POST", "/api/v1/hosts/{id}/revoke"): Role.OPERATOR,
    ("POST", "/api/v1/issuers/{name}/revoke"): Role.ADMIN,
    ("GET", "/api/v1/audit"): Role.ADMIN,
    ("GET", "/api/v1/audit/verify"): Role.ADMIN,
    ("GET", "/api/v1/audit/export"): Role.ADMIN,
    ("POST", "/api/v1/links"): Audience.SOCKET,
    ("GET", "/api/v1/openapi.json"): Role.VIEWER,
    # Those who run the aggregator, and the browser before anybody has signed in.
    ("GET", "/healthz"): Audience.PUBLIC,
    ("GET", "/readyz"): Audience.PUBLIC,
    ("GET", "/metrics"): Audience.PUBLIC,
    ("GET", "/version"): Audience.PUBLIC,
    ("GET", "/link/{token}"): Audience.PUBLIC,
    ("GET", "/assets/{name}"): Audience.PUBLIC,
    ("GET", "/{path:path}"): Audience.PUBLIC,
    # Ingest; what its public routes give, they give for a token or for a certificate.
    ("GET", "/v1/authority"): Audience.PUBLIC,
    ("POST", "/v1/enroll"): Audience.PUBLIC,
    ("POST", "/v1/renew"): Audience.PUBLIC,
    ("POST", "/v1/reenroll"): Audience.AGENT,
    ("POST", "/v1/hello"): Audience.AGENT,
    ("POST", "/v1/batches"): Audience.AGENT,
    ("POST", "/v1/standby"): Audience.PEER,
    ("GET", "/v1/forwarded/{path:path}"): Audience.PEER,
    ("POST", "/v1/forwarded/{path:path}"): Audience.PEER,
    ("PUT", "/v1/forwarded/{path:path}"): Audience.PEER,
    ("PATCH", "/v1/forwarded/{path:path}"): Audience.PEER,
    ("DELETE", "/v1/forwarded/{path:path}"): Audience.PEER,
}


def least(method: str, path: str) -> Least:
    """Return the least that a route asks for.

    Raises
    ------
    ValueError
        The table has no line for it, so it must not be served.
    """
    found = LEAST.get((method, path))
    if found is None:
        raise ValueError(f"{method} {path} has no line in the authorisation table")
    return found


def bind(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Make a route that Starlette serves.

    Raises
    ------
    ValueError
        As `least` does.
    """
    least(method, path)
    return Route(path, endpoint, methods=[method])


def is_public(method: str, path: str) -> bool:
    """Tell whether a request below /api/ needs nobody to be known."""
    wanted = "GET" if method == "HEAD" else method
    return any(wanted == each and pattern.match(path) for each, pattern in _PUBLIC)


_PUBLIC = [
    (method, compile_path(path)[0])
    for (method, path), needed in LEAST.items()
    if needed is Audience.PUBLIC and path.startswith("/api/")
]
