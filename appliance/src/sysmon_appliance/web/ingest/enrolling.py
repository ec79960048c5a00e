"""The routes by which hosts are let in and keep their certificates; JSON both ways.

The first three answer without a client certificate. Whether anybody may have what they ask for is decided by what they
bring: a token, a certificate with the proof that its key is theirs, or the certificate of the connection.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_agent.clock import Clock
from sysmon_agent.errors import MalformedMessage
from sysmon_agent.wire.peer import AGENT
from sysmon_agent.wire.routes import AUTHORITY_PATH, ENROLL_PATH, REENROLL_PATH, RENEW_PATH
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.domain.enrolment import Reason
from sysmon_appliance.errors import CertificateRequiredError
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.services.certificates import Granted
from sysmon_appliance.services.enrolment import Applicant, Waiting
from sysmon_appliance.web.ingest.audiences import bound
from sysmon_appliance.web.ingest.holder import require_role
from sysmon_appliance.web.limits import client_address

WITHOUT_CERTIFICATE = frozenset(path.encode() for path in (AUTHORITY_PATH, ENROLL_PATH, RENEW_PATH))
"""The paths that answer to anybody."""

MAX_BODY_BYTES = 64 << 10
"""Of a request to these routes."""

_MAX_NAME = 255
_HINT = "sysmon-agent enroll --help"

T = TypeVar("T", bound=msgspec.Struct)


class Connection(Protocol):
    """What these routes know of the connection that a request came over."""

    holder: Presented | None


class AuthorityView(msgspec.Struct, frozen=True):
    authority: str
    now: int
    region: str


class EnrolRequest(msgspec.Struct, frozen=True):
    token: str
    request: str
    name: str
    replace: str = ""


class RenewRequest(msgspec.Struct, frozen=True):
    request: str
    certificate: str = ""


class ReEnrolRequest(msgspec.Struct, frozen=True):
    request: str
    name: str


class GrantedView(msgspec.Struct, frozen=True):
    host_id: str
    certificate: str
    authority: str
    aggregators: tuple[str, ...]
    expires: int
    renew_at: int
    now: int


class WaitingView(msgspec.Struct, frozen=True):
    enrolment: str
    retry_after: int
    reason: Reason


def authority_route(region: str, authority: Callable[[], str], clock: Clock) -> Route:
    """Make the route that tells whom agents of this region trust; `authority` returns PEM."""

    async def show(_: Request) -> Response:
        return _json(AuthorityView(authority(), clock.wall_ms(), region))

    return bound("GET", AUTHORITY_PATH, show)


def enrolling_routes(side: AgentSide, clock: Clock) -> list[Route]:
    """Make the routes; each finds `connection` in the request's state."""

    async def enrol(request: Request) -> Response:
        body = await _body(request, EnrolRequest)
        applicant = _applicant(request, body.request, body.name)
        return _answer(await side.enrolment.enrol(body.token, applicant, replace_host=body.replace))

    async def renew(request: Request) -> Response:
        body = await _body(request, RenewRequest)
        if body.certificate:
            return _answer(await side.certificates.renew_expired(body.certificate.encode(), body.request.encode()))
        return _answer(await side.certificates.renew(_holder(request), body.request.encode()))

    async def re_enrol(request: Request) -> Response:
        body = await _body(request, ReEnrolRequest)
        applicant = _applicant(request, body.request, body.name)
        return _answer(await side.enrolment.re_enrol(_holder(request), applicant))

    return [
        authority_route(side.certificates.region, lambda: side.certificates.issuer.authority, clock),
        bound("POST", ENROLL_PATH, enrol),
        bound("POST", RENEW_PATH, renew),
        bound("POST", REENROLL_PATH, re_enrol),
    ]


async def _body(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MalformedMessage(f"The body cannot be used: {error}.", hint=_HINT) from error


def _holder(request: Request) -> Presented:
    connection: Connection = request.state.connection
    if connection.holder is None:
        raise CertificateRequiredError("Without a client certificate, send the one to be renewed.", hint=_HINT)
    return require_role(connection.holder, AGENT)


def _applicant(request: Request, signing_request: str, name: str) -> Applicant:
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise MalformedMessage(f"A host's name has 1 to {_MAX_NAME} printable characters.", hint=_HINT)
    return Applicant(signing_request.encode(), name, client_address(request.scope))


def _answer(outcome: Granted | Waiting) -> Response:
    if isinstance(outcome, Waiting):
        view = WaitingView(outcome.request.id, outcome.retry_after_seconds, outcome.request.reason)
        return _json(view, status=202, headers={"retry-after": str(outcome.retry_after_seconds)})
    certificate = outcome.certificate
    return _json(
        GrantedView(
            host_id=certificate.host_id,
            certificate=outcome.chain,
            authority=outcome.authority,
            aggregators=tuple(outcome.addresses),
            expires=certificate.expires_ms,
            renew_at=certificate.renew_at_ms,
            now=outcome.now_ms,
        )
    )


def _json(view: msgspec.Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(view), status, headers, media_type="application/json")
