"""Join tokens, with which hosts enrol."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.enrolment import KnownToken, TokenState
from sysmon_appliance.services.hosts import HostName
from sysmon_appliance.services.join_tokens import TokenTerms
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response


class TokenView(msgspec.Struct, frozen=True):
    """A token without its secret; `replace` is the host that it is bound to."""

    id: str
    created: int
    created_by: str
    expires: int
    uses: int
    uses_left: int
    labels: dict[str, str]
    approval: bool
    replace: HostName | None
    state: TokenState


class TokenList(msgspec.Struct, frozen=True):
    tokens: list[TokenView]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`replace` is a host's id, the beginning of it, or its name."""

    ttl_seconds: int = 3600
    uses: int = 1
    labels: dict[str, str] = {}
    approval: bool = False
    replace: str = ""


class CreatedToken(msgspec.Struct, frozen=True):
    """`secret` is what an agent enrols with; nothing tells it again."""

    token: TokenView
    secret: str
    command: str


async def list_tokens(call: Call) -> Response:
    return json_response(TokenList([_view(call, token) for token in call.control.identity.tokens.all()]))


async def create(call: Call) -> Response:
    wanted: NewToken = call.body
    identity = call.control.identity
    terms = TokenTerms(
        ttl_seconds=wanted.ttl_seconds,
        uses=wanted.uses,
        labels=tuple(sorted(wanted.labels.items())),
        approval=wanted.approval,
        replaces=identity.hosts.find(wanted.replace) if wanted.replace else "",
    )
    token, secret = await identity.tokens.create(terms, call.principal)
    created = CreatedToken(_view(call, token), secret, f"sysmon-agent enroll {secret}")
    return json_response(created, status=201)


async def revoke(call: Call) -> Response:
    await call.control.identity.tokens.revoke(call.request.path_params["id"], call.principal)
    return Response(status_code=204)


def _view(call: Call, token: KnownToken) -> TokenView:
    return TokenView(
        id=token.id,
        created=token.created_ms,
        created_by=token.created_by,
        expires=token.expires_ms,
        uses=token.uses,
        uses_left=token.uses - token.used,
        labels=dict(token.labels),
        approval=token.approval,
        replace=call.control.identity.hosts.named(token.replaces),
        state=token.state(call.side.clock.wall_ms()),
    )


ROUTES = (
    ApiRoute("GET", "/api/v1/tokens", "Join tokens, the newest first.", list_tokens, TokenList),
    ApiRoute(
        "POST",
        "/api/v1/tokens",
        "Make a join token. The answer has its text and the command that enrols a host; nothing shows them again.",
        create,
        CreatedToken,
        body=NewToken,
        status=201,
        problems=("not_found", "no_issuer"),
    ),
    ApiRoute(
        "DELETE",
        "/api/v1/tokens/{id}",
        "Withdraw a join token; hosts that it has let in stay.",
        revoke,
        "text/plain",
        status=204,
        problems=("not_found",),
    ),
)
