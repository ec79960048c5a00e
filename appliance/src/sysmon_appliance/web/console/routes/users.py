"""Users, invitations, and passwords."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.domain.users import User
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.routes.session import Confidential, SessionView, begun
from sysmon_appliance.web.console.sessions import visitor_of


class UserView(msgspec.Struct, frozen=True):
    """A user; `invited` as long as an invitation can be followed."""

    name: str
    role: Role
    created: int
    last_signed_in: int | None
    disabled: bool
    invited: bool


class UserList(msgspec.Struct, frozen=True):
    users: list[UserView]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    role: Role


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not given stays."""

    role: Role | None = None
    disabled: bool | None = None


class ChangedUser(msgspec.Struct, frozen=True):
    user: UserView


class CreatedUser(msgspec.Struct, frozen=True):
    """`invitation` is the address at which the user sets a password; nothing shows it again."""

    user: UserView
    invitation: str


class InvitationLink(msgspec.Struct, frozen=True):
    invitation: str


class InvitationView(msgspec.Struct, frozen=True):
    user: str
    role: Role
    expires: int


class FirstPassword(Confidential, frozen=True):
    password: str


class NewPassword(Confidential, frozen=True):
    current: str
    new: str


async def list_users(call: Call) -> Response:
    return json_response(UserList([_view(call, user) for user in call.control.users.all()]))


async def create(call: Call) -> Response:
    wanted: NewUser = call.body
    user, secret = await call.control.users.create(call.principal, wanted.name, wanted.role)
    return json_response(CreatedUser(_view(call, user), _invitation(call, secret)), status=201)


async def change(call: Call) -> Response:
    wanted: UserChange = call.body
    name = call.request.path_params["name"]
    user = await call.control.users.change(call.principal, name, role=wanted.role, disabled=wanted.disabled)
    return json_response(ChangedUser(_view(call, user)))


async def remove(call: Call) -> Response:
    await call.control.users.remove(call.principal, call.request.path_params["name"])
    return Response(status_code=204)


async def invite(call: Call) -> Response:
    secret = await call.control.users.invite(call.principal, call.request.path_params["name"])
    return json_response(InvitationLink(_invitation(call, secret)), status=201)


async def show_invitation(call: Call) -> Response:
    user = call.control.sign_in.invited(call.request.path_params["token"])
    expires_ms = user.invitation.expires_ms if user.invitation else 0
    return json_response(InvitationView(user.name, user.role, expires_ms))


async def accept(call: Call) -> Response:
    wanted: FirstPassword = call.body
    token = call.request.path_params["token"]
    return begun(call, await call.control.sign_in.accept(token, wanted.password, visitor_of(call.request)))


async def set_password(call: Call) -> Response:
    wanted: NewPassword = call.body
    visitor = visitor_of(call.request)
    secret = await call.control.sign_in.set_password(call.principal, wanted.current, wanted.new, visitor)
    return begun(call, secret)


def _view(call: Call, user: User) -> UserView:
    return UserView(
        name=user.name,
        role=user.role,
        created=user.created_ms,
        last_signed_in=user.last_signed_in_ms or None,
        disabled=user.disabled,
        invited=user.is_invited(call.side.clock.wall_ms()),
    )


def _invitation(call: Call, secret: str) -> str:
    return f"{call.base_url}/invite/{secret}"


ROUTES = (
    ApiRoute("GET", "/api/v1/users", "Everybody who may sign in, and those who may not.", list_users, UserList),
    ApiRoute(
        "POST",
        "/api/v1/users",
        "Add a user. The answer has the invitation by which they set a password: one use, 24 hours.",
        create,
        CreatedUser,
        body=NewUser,
        status=201,
        problems=("user_exists", "too_many"),
    ),
    ApiRoute(
        "PATCH",
        "/api/v1/users/{name}",
        "Give a user another role, shut them out, or let them in again. Their sessions end.",
        change,
        ChangedUser,
        body=UserChange,
        problems=("not_found", "last_admin"),
    ),
    ApiRoute(
        "DELETE",
        "/api/v1/users/{name}",
        "Remove a user with their sessions and API tokens.",
        remove,
        "text/plain",
        status=204,
        problems=("not_found", "last_admin"),
    ),
    ApiRoute(
        "POST",
        "/api/v1/users/{name}/invitation",
        "Invite a user anew, also to set a forgotten password; the invitation before is void.",
        invite,
        InvitationLink,
        status=201,
        problems=("not_found",),
    ),
    ApiRoute(
        "GET",
        "/api/v1/invitations/{token}",
        "Whom an invitation is for; needs no session.",
        show_invitation,
        InvitationView,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/invitations/{token}",
        "Set the password of whom an invitation is for, and sign in; needs no session.",
        accept,
        SessionView,
        body=FirstPassword,
        problems=("not_found", "weak_password"),
    ),
    ApiRoute(
        "PUT",
        "/api/v1/password",
        "Change one's own password. All sessions end, and the answer sets the cookie of a new one.",
        set_password,
        SessionView,
        body=NewPassword,
        problems=("bad_credentials", "locked_out", "weak_password"),
    ),
)
