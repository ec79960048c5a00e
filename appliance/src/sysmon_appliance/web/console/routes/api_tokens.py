"""API tokens, with which programs use the API."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.access import ApiToken
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response


class ApiTokenView(msgspec.Struct, frozen=True):
    """A token; `owner` is null where it was made without a user, `last_used` is right to within five minutes."""

    id: str
    name: str
    role: Role
    owner: str | None
    created: int
    expires: int
    last_used: int | None


class ApiTokenList(msgspec.Struct, frozen=True):
    api_tokens: list[ApiTokenView]


class NewApiToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    role: Role
    expires_seconds: int


class CreatedApiToken(msgspec.Struct, frozen=True):
    """`secret` is what a program shows; nothing tells it again."""

    api_token: ApiTokenView
    secret: str


async def list_tokens(call: Call) -> Response:
    return json_response(ApiTokenList([_view(token) for token in call.control.api_tokens.of(call.principal)]))


async def create(call: Call) -> Response:
    wanted: NewApiToken = call.body
    token, secret = await call.control.api_tokens.create(
        call.principal, wanted.name, wanted.role, wanted.expires_seconds
    )
    return json_response(CreatedApiToken(_view(token), secret), status=201)


async def revoke(call: Call) -> Response:
    await call.control.api_tokens.revoke(call.principal, call.request.path_params["id"])
    return Response(status_code=204)


def _view(token: ApiToken) -> ApiTokenView:
    return ApiTokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        owner=token.owner or None,
        created=token.created_ms,
        expires=token.expires_ms,
        last_used=token.last_used_ms or None,
    )


ROUTES = (
    ApiRoute("GET", "/api/v1/api-tokens", "One's own API tokens, and all for an admin.", list_tokens, ApiTokenList),
    ApiRoute(
        "POST",
        "/api/v1/api-tokens",
        "Make an API token, of one's own role or less, for a year at most. Programs send it as Authorization: Bearer.",
        create,
        CreatedApiToken,
        body=NewApiToken,
        status=201,
        problems=("too_many",),
    ),
    ApiRoute(
        "DELETE",
        "/api/v1/api-tokens/{id}",
        "Revoke an API token: one of one's own, and anybody's for an admin.",
        revoke,
        "text/plain",
        status=204,
        problems=("not_found",),
    ),
)
