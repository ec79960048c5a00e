"""Signs users in, and lets them set their passwords."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sysmon_appliance.domain.access import Visitor, hash_secret
from sysmon_appliance.domain.brake import Brake
from sysmon_appliance.domain.passwords import weakness
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.domain.users import SaveUser, User
from sysmon_appliance.errors import (
    BadCredentialsError,
    ForbiddenError,
    LockedOutError,
    NotFoundError,
    RateLimitedError,
    WeakPasswordError,
)
from sysmon_appliance.services.accounts import Accounts
from sysmon_appliance.services.passwords import Passwords
from sysmon_appliance.services.sessions import Sessions

MOST_DELAYED = 100
"""Attempts whose answers wait at one time."""

_log = logging.getLogger(__name__)


class SignIn:
    """Belongs to the event loop. Whoever signs in gets the secret of a new session."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        passwords: Passwords,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._pause = pause
        self._brake = Brake()
        self._delayed = 0
        self._failed: Counter[str] = Counter()  # attempts at users since they last signed in, or since the start

    async def sign_in(self, name: str, password: str, visitor: Visitor, *, replaces: str = "") -> str:
        """Sign in with a password; the session that the browser had before, whose secret is `replaces`, ends.

        Raises
        ------
        BadCredentialsError, LockedOutError, RateLimitedError
            User and password do not belong together, whichever of them is wrong; or that was tried too often.
        """
        checked = await self._checked(name, password, visitor)
        renewed = await self._renewed_hash(checked, password)
        async with self._accounts.changing:
            user = self._unchanged(checked)
            signed_in = replace(user, password=renewed, last_signed_in_ms=self._accounts.now_ms)
            return await self._begin(signed_in, visitor, "session.start", replaces=replaces)

    async def set_password(self, principal: Principal, current: str, new: str, visitor: Visitor) -> str:
        """Give a user another password; all their sessions end, and a new one begins.

        Raises
        ------
        ForbiddenError
            It is no user's session.
        BadCredentialsError, LockedOutError, RateLimitedError, WeakPasswordError
            The current password is wrong, or that was tried too often, or the new one is refused.
        """
        if principal.kind is not Kind.USER:
            raise ForbiddenError("Only a user who signed in has a password to change.", hint="sysmon users list")
        checked = await self._checked(principal.user, current, visitor)
        password = await self._new_hash(checked.name, new)
        async with self._accounts.changing:
            user = replace(self._unchanged(checked), password=password)
            return await self._begin(user, visitor, "user.password", ends_all=True)

    def invited(self, token: str) -> User:
        """Return whom an invitation is for.

        Raises
        ------
        NotFoundError
            It was used, has expired, or never was one.
        """
        wanted, now_ms = hash_secret(token), self._accounts.now_ms
        for user in self._accounts.users.values():
            if user.is_invited_by(wanted, now_ms):
                return user
        raise NotFoundError("This invitation was used or has expired.", hint="sysmon users invite NAME")

    async def accept(self, token: str, password: str, visitor: Visitor) -> str:
        """Set the password of whom an invitation is for, and sign them in; sessions that they had end.

        Raises
        ------
        NotFoundError, WeakPasswordError, RateLimitedError
            The invitation or the password is no good.
        """
        hashed = await self._new_hash(self.invited(token).name, password)
        async with self._accounts.changing:
            now_ms = self._accounts.now_ms
            user = replace(self.invited(token), password=hashed, invitation=None, last_signed_in_ms=now_ms)
            return await self._begin(user, visitor, "user.accept", ends_all=True)

    async def _checked(self, name: str, password: str, visitor: Visitor) -> User:
        """Return the user whose password this is, without telling anybody else which users there are."""
        await self._brake_down(name, visitor.origin)
        user = self._accounts.users.get(name)
        known = user.password if user is not None and not user.disabled else ""
        if not await self._passwords.matches(known, password) or user is None:
            # What is no user's name may be a password that somebody typed into the wrong field.
            named = user.name if user is not None else "(unknown)"
            if user is not None:
                self._failed[named] += 1
            _log.warning("An attempt to sign in failed.", extra={"user": named, "origin": visitor.origin})
            raise BadCredentialsError("User and password do not belong together.", hint="sysmon users invite NAME")
        self._brake.succeeded(name, visitor.origin)
        return user

    async def _brake_down(self, name: str, origin: str) -> None:
        """Count an attempt; refuse it, or let it wait, where there were too many."""
        now_ms = self._accounts.now_ms
        if refused_ms := self._brake.refused_ms(name, origin, now_ms):
            raise LockedOutError(-(-refused_ms // 1000))
        delay = self._brake.begin(name, origin, now_ms)
        if delay and self._delayed >= MOST_DELAYED:
            raise RateLimitedError("Too many attempts to sign in are under way.", hint="sysmon link")
        self._delayed += 1
        try:
            await self._pause(delay)
        finally:
            self._delayed -= 1

    async def _renewed_hash(self, user: User, password: str) -> str:
        """Hash a password anew where hashes have become dearer since."""
        if self._passwords.is_outdated(user.password):
            return await self._passwords.hash(password)
        return user.password

    async def _new_hash(self, name: str, password: str) -> str:
        if fault := weakness(password, name):
            raise WeakPasswordError(fault, hint="docs/how-to/add-users.md")
        return await self._passwords.hash(password)

    def _unchanged(self, checked: User) -> User:
        """Return what is known of a user now, provided that the password which was checked is still theirs."""
        user = self._accounts.users.get(checked.name)
        if user is None or user.disabled or user.password != checked.password:
            raise BadCredentialsError("User and password no longer belong together.", hint="sysmon users list")
        return user

    async def _begin(
        self, user: User, visitor: Visitor, action: str, *, replaces: str = "", ends_all: bool = False
    ) -> str:
        """Commit what has changed of a user with a new session; `changing` is held.

        Failed attempts are no changes and have no entries, or anybody could fill the audit log; the user's next entry
        says how many there were.
        """
        ends = self._accounts.sessions_of(user.name) if ends_all else []
        begun = self._sessions.begin(Kind.USER, user.name, visitor, replaces=replaces, ends=ends)
        principal = Principal(Kind.USER, user.name, user.role, visitor.origin, user=user.name)
        target = begun.id if action == "session.start" else user.name
        failed = self._failed[user.name]
        after = {"failed_attempts": failed} if failed else None
        await self._accounts.commit(principal, action, target, [SaveUser(user), *begun.changes], after=after)
        del self._failed[user.name]
        _log.info("A user signed in.", extra={"user": user.name, "origin": visitor.origin})
        return begun.secret
