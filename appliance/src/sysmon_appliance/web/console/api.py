"""A route of the API as a value: what it answers and what it takes. Who may ask stands in the authorisation table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_agent.errors import OversizedMessage
from sysmon_appliance.domain.backups import BackupService
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import BadRequestError, ForbiddenError, SignInError
from sysmon_appliance.services.control import Control
from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.read_side import ReadSide
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.services.storage import Storage
from sysmon_appliance.services.storage_side import StorageSide
from sysmon_appliance.services.upkeep import Upkeep
from sysmon_appliance.web.authorisation import Audience, Least, bind, least
from sysmon_appliance.web.console import idempotency
from sysmon_appliance.web.console.address import console_url
from sysmon_appliance.web.console.idempotency import Repeats
from sysmon_appliance.web.console.parameters import MAX_QUERY_BYTES, Given, Parameter, read
from sysmon_appliance.web.console.telemetry import ROUTE_KEY, Telemetry
from sysmon_appliance.web.problems import PROBLEMS

MAX_BODY_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Site:
    """What all routes of one console share."""

    side: ReadSide
    control: Control
    keeping: StorageSide
    steering: Steering
    telemetry: Telemetry
    base_url: str
    is_named: bool  # whether that was configured
    repeats: Repeats


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route, allowed and checked."""

    site: Site
    request: Request
    given: Given
    body: Any  # of the type that the route declares; None where it declares none

    @property
    def side(self) -> ReadSide:
        return self.site.side

    @property
    def control(self) -> Control:
        return self.site.control

    @property
    def storage(self) -> Storage:
        return self.site.keeping.storage

    @property
    def upkeep(self) -> Upkeep:
        return self.site.keeping.upkeep

    @property
    def imports(self) -> Imports:
        return self.site.keeping.imports

    @property
    def steering(self) -> Steering:
        return self.site.steering

    @property
    def backups(self) -> BackupService:
        return self.site.keeping.backups

    @property
    def telemetry(self) -> Telemetry:
        return self.site.telemetry

    @property
    def base_url(self) -> str:
        """The console's address, as whoever asks knows it."""
        return console_url(self.request, self.site.base_url, is_named=self.site.is_named)

    @property
    def principal(self) -> Principal:
        """Who asks; every route knows it except a public one.

        Raises
        ------
        SignInError
            Nobody in particular asks.
        """
        return known(self.request)


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """What is asked for, and what is answered.

    Parameters
    ----------
    answer
        The type of the JSON answer, or a media type where it is no JSON.
    body
        The type of what it takes.
    also
        Another status with which the same answer is given.
    max_body
        How many bytes the body may have.
    problems
        Codes of the problems that it may answer with, besides those that follow from the rest (see `route_problems`).
    """

    method: str
    path: str
    summary: str
    handler: Handler
    answer: type | str
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    max_body: int = MAX_BODY_BYTES
    status: int = 200
    also: int | None = None
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := set(self.problems) - PROBLEMS.keys():
            raise ValueError(f"{self.method} {self.path} names problems that there are not: {sorted(unknown)}")

    def bind(self, site: Site) -> Route:
        """Make the route that Starlette serves.

        Raises
        ------
        ValueError
            The authorisation table has no line for it.
        """
        needed = least(self.method, self.path)

        async def endpoint(request: Request) -> Response:
            request.scope[ROUTE_KEY] = self.path
            authorise(request, needed)
            return await self._answer(site, request)

        return bind(self.method, self.path, endpoint)

    @property
    def creates(self) -> bool:
        """Whether asking twice would make two of something."""
        return self.method == "POST" and self.status == 201

    async def _answer(self, site: Site, request: Request) -> Response:
        if len(request.scope["query_string"]) > MAX_QUERY_BYTES:
            raise BadRequestError(f"The query is longer than {MAX_QUERY_BYTES} bytes.")
        given = read(request.query_params, self.parameters)
        body = await read_body(request, self.max_body) if self.body else b""
        call = Call(site, request, given, decoded(body, self.body) if self.body else None)
        check_still_known(call)
        key = request.headers.get(idempotency.HEADER)
        if key is None or not self.creates:
            return await self.handler(call)
        target = f"{self.method} {request.url.path}"
        return await site.repeats.answer(key, call.principal, target, body, work=lambda: self.handler(call))


def principal_of(request: Request) -> Principal | None:
    """Who asks, as the guard found out; None when nobody is known."""
    found: Principal | None = request.scope.get("state", {}).get("principal")
    return found


def known(request: Request) -> Principal:
    """Return who asks.

    Raises
    ------
    SignInError
        Nobody in particular does.
    """
    principal = principal_of(request)
    if principal is None:
        raise SignInError("There is no session, or it has ended.", hint="sysmon link")
    return principal


def check_still_known(call: Call) -> None:
    """Refuse whoever was shut out, or given another role, while the body of their request was on its way.

    Raises
    ------
    SignInError
        Whoever was let in would not be any more.
    """
    principal = principal_of(call.request)
    if principal is not None and not call.control.access.holds(principal):
        raise SignInError("Nobody is signed in here any more.", hint="sysmon login URL")


def authorise(request: Request, needed: Least) -> None:
    """Refuse a request whose principal may not do what needs this.

    Raises
    ------
    SignInError, ForbiddenError
        Nobody is known, or somebody who may not.
    """
    if needed is Audience.PUBLIC:
        return
    principal = known(request)
    if isinstance(needed, Role):
        if not principal.role.includes(needed):
            raise ForbiddenError(f"This needs the role {needed}; yours is {principal.role}.", hint="sysmon users list")
    elif needed is not Audience.SOCKET or principal.kind is not Kind.SOCKET:
        raise ForbiddenError("Only commands on the aggregator's own machine may do this.", hint="sysmon link")


async def read_body(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """Read a body.

    Raises
    ------
    OversizedMessage
        It is larger than what is read.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise OversizedMessage(f"A body may have {most} bytes.")
        parts.append(part)
    return b"".join(parts)


def decoded(body: bytes, wanted: type) -> Any:
    """Read JSON of a declared type.

    Raises
    ------
    BadRequestError
        It is none; the message says where.
    """
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequestError(f"The body cannot be used: {error}.", hint="docs/reference/http-api.md") from error


def json_response(answer: object, *, status: int = 200) -> Response:
    """Encode an answer; NaN becomes null."""
    return Response(
        msgspec.json.encode(answer),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
