"""Makes, lists and revokes the tokens with which programs use the API."""

import secrets
from collections.abc import Callable, Sequence

from sysmon_appliance.domain.access import ApiToken, DropApiTokens, SaveApiToken, hash_secret, random_secret
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import BadRequestError, ForbiddenError, NotFoundError, SignInError, TooManyError
from sysmon_appliance.services.access import TOKEN_PREFIX
from sysmon_appliance.services.accounts import Accounts

MAX_SECONDS = 31_622_400
"""A token lasts for a year at most, a leap year included."""

MAX_TOKENS = 100
"""Of one owner."""

MAX_NAME = 64


class ApiTokens:
    """Belongs to the event loop."""

    def __init__(self, accounts: Accounts, *, secret: Callable[[], str] = random_secret) -> None:
        self._accounts = accounts
        self._secret = secret

    def of(self, principal: Principal) -> Sequence[ApiToken]:
        """List the tokens that somebody may see, in the order in which they were made."""
        return [token for token in self._accounts.api_tokens.values() if _may_see(principal, token)]

    async def create(self, principal: Principal, name: str, role: Role, seconds: int) -> tuple[ApiToken, str]:
        """Make a token, and return it with its text, which is known to nobody afterwards.

        Raises
        ------
        BadRequestError, ForbiddenError, SignInError, TooManyError
            The name or the time is no good; it would do or last more than it may; its owner is gone; or there are too
            many.
        """
        async with self._accounts.changing:
            self._check(principal, name, role, seconds)
            now_ms, secret = self._accounts.now_ms, self._secret()
            token = ApiToken(
                id=secrets.token_hex(6),
                secret_hash=hash_secret(secret),
                name=name,
                role=role,
                owner=principal.user,
                created_ms=now_ms,
                expires_ms=now_ms + seconds * 1000,
            )
            changes = [DropApiTokens(self._expired(principal.user)), SaveApiToken(token)]
            after = {"name": name, "role": role, "owner": token.owner, "expires_ms": token.expires_ms}
            await self._accounts.commit(principal, "api_token.create", token.id, changes, after=after)
        return token, f"{TOKEN_PREFIX}_{token.id}_{secret}"

    async def revoke(self, principal: Principal, token_id: str) -> None:
        """Let a token be good for nothing from now on.

        Raises
        ------
        NotFoundError
            There is none that this principal may revoke.
        """
        async with self._accounts.changing:
            token = self._accounts.api_tokens.get(token_id)
            if token is None or not _may_see(principal, token):
                raise NotFoundError("There is no such API token.", hint="sysmon api-tokens list")
            before = {"name": token.name, "role": token.role, "owner": token.owner}
            await self._accounts.commit(
                principal, "api_token.revoke", token_id, [DropApiTokens([token_id])], before=before
            )

    def _check(self, principal: Principal, name: str, role: Role, seconds: int) -> None:
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise BadRequestError(f"A token's name has 1 to {MAX_NAME} printable characters.")
        if not 60 <= seconds <= MAX_SECONDS:
            raise BadRequestError(f"A token lasts from 60 to {MAX_SECONDS} seconds.")
        if principal.user and principal.user not in self._accounts.users:
            # Removed a moment ago. A token left behind would be the next one's who gets that name.
            raise SignInError("Nobody is signed in here any more.", hint="sysmon users list")
        if not principal.role.includes(role):
            raise ForbiddenError(
                f"Your role is {principal.role}, so a token of yours can't be {role}.", hint="sysmon users list"
            )
        now_ms = self._accounts.now_ms
        if principal.kind is Kind.TOKEN and now_ms + seconds * 1000 > principal.expires_ms:
            raise ForbiddenError("A token that was made with a token may not outlive it.", hint="sysmon login URL")
        alive = self._owned(principal.user) - set(self._expired(principal.user))
        if len(alive) >= MAX_TOKENS:
            raise TooManyError(f"There are {MAX_TOKENS} tokens, which is the most.", hint="sysmon api-tokens list")

    def _owned(self, owner: str) -> set[str]:
        return {token.id for token in self._accounts.api_tokens.values() if token.owner == owner}

    def _expired(self, owner: str) -> list[str]:
        now_ms = self._accounts.now_ms
        return [key for key in sorted(self._owned(owner)) if self._accounts.api_tokens[key].expires_ms <= now_ms]


def _may_see(principal: Principal, token: ApiToken) -> bool:
    return principal.role is Role.ADMIN or (bool(token.owner) and token.owner == principal.user)
