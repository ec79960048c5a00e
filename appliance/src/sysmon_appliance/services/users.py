"""Decides about users: who there is, what they may do, and who is invited."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sysmon_appliance.domain.access import DropApiTokens, EndSessions, hash_secret, random_secret
from sysmon_appliance.domain.principals import Principal, Role
from sysmon_appliance.domain.users import NAME_RULE, Invitation, RemoveUser, SaveUser, User, is_name
from sysmon_appliance.errors import BadRequestError, LastAdminError, NotFoundError, TooManyError, UserExistsError
from sysmon_appliance.services.accounts import Accounts

INVITATION_MS = 86_400_000
"""How long an invitation may be followed."""

MAX_USERS = 1000


class Users:
    """Belongs to the event loop."""

    def __init__(self, accounts: Accounts, *, secret: Callable[[], str] = random_secret) -> None:
        self._accounts = accounts
        self._secret = secret

    def all(self) -> Sequence[User]:
        return sorted(self._accounts.users.values(), key=lambda user: user.name)

    async def create(self, principal: Principal, name: str, role: Role) -> tuple[User, str]:
        """Add a user, and return them with the secret of the invitation by which they set a password.

        Raises
        ------
        BadRequestError, UserExistsError, TooManyError
            Nobody may be called so, or somebody is already, or there are too many.
        """
        async with self._accounts.changing:
            self._check_new(name)
            invitation, secret = self._invitation()
            user = User(name, role, self._accounts.now_ms, invitation=invitation)
            await self._accounts.commit(principal, "user.create", name, [SaveUser(user)], after=_recorded(user))
        return user, secret

    async def change(
        self, principal: Principal, name: str, *, role: Role | None = None, disabled: bool | None = None
    ) -> User:
        """Give a user another role, shut them out or let them in again; their sessions end.

        Raises
        ------
        NotFoundError, LastAdminError
            There is no such user, or nobody would be left who may decide about users.
        """
        async with self._accounts.changing:
            user = self._known(name)
            changed = replace(
                user,
                role=user.role if role is None else role,
                disabled=user.disabled if disabled is None else disabled,
            )
            if changed == user:
                return user
            self._check_admins(user, changed)
            changes = [SaveUser(changed), EndSessions(self._accounts.sessions_of(name))]
            await self._accounts.commit(
                principal, "user.change", name, changes, before=_recorded(user), after=_recorded(changed)
            )
        return changed

    async def remove(self, principal: Principal, name: str) -> None:
        """Remove a user with their sessions and API tokens.

        Raises
        ------
        NotFoundError, LastAdminError
            As `change` does.
        """
        async with self._accounts.changing:
            user = self._known(name)
            self._check_admins(user, None)
            tokens = [token.id for token in self._accounts.api_tokens.values() if token.owner == name]
            changes = [RemoveUser(name), EndSessions(self._accounts.sessions_of(name)), DropApiTokens(tokens)]
            await self._accounts.commit(principal, "user.remove", name, changes, before=_recorded(user))

    async def invite(self, principal: Principal, name: str) -> str:
        """Return the secret of a new invitation; one that was made before is void.

        Raises
        ------
        NotFoundError
            There is no such user.
        """
        async with self._accounts.changing:
            invitation, secret = self._invitation()
            invited = replace(self._known(name), invitation=invitation)
            await self._accounts.commit(principal, "user.invite", name, [SaveUser(invited)])
        return secret

    def _invitation(self) -> tuple[Invitation, str]:
        secret = self._secret()
        return Invitation(hash_secret(secret), self._accounts.now_ms + INVITATION_MS), secret

    def _known(self, name: str) -> User:
        user = self._accounts.users.get(name)
        if user is None:
            raise NotFoundError(f"There is no user {name[:64]!r}.", hint="sysmon users list")
        return user

    def _check_new(self, name: str) -> None:
        if not is_name(name):
            raise BadRequestError(f"A user's name has {NAME_RULE}; {name[:80]!r} has not.", hint="sysmon users list")
        if name in self._accounts.users:
            raise UserExistsError(f"There is a user {name!r} already.", hint=f"sysmon users invite {name}")
        if len(self._accounts.users) >= MAX_USERS:
            raise TooManyError(f"There are {MAX_USERS} users, which is the most.", hint="sysmon users remove NAME")

    def _check_admins(self, user: User, changed: User | None) -> None:
        """Refuse to lose the last admin who is not shut out."""
        others = any(other.rules for other in self._accounts.users.values() if other.name != user.name)
        if user.rules and not (others or (changed is not None and changed.rules)):
            raise LastAdminError(
                f"{user.name} is the only admin who may sign in.", hint="sysmon users create NAME --role admin"
            )


def _recorded(user: User) -> dict[str, Any]:
    """Describe a user for the audit log."""
    return {"role": user.role, "disabled": user.disabled}
