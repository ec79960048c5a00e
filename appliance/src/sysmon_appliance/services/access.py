"""Tells who sends a request, from what the request shows."""

import hmac

from sysmon_appliance.domain.access import ApiToken, Session, TouchApiToken, TouchSession, hash_secret, session_id
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.services.accounts import Accounts

TOKEN_PREFIX = "smapi"  # noqa: S105 - how API tokens begin, so that scanners for leaked secrets can know them

TOUCH_MS = 300_000
"""A use is noted when the last one noted is older than this: a commit per request would cost more than the request."""


class Access:
    """Judges sessions and API tokens anew at every request, so that whoever is shut out is shut out at once.

    A user's role is looked up each time; an API token may do what its own role and its owner's both allow.
    """

    def __init__(self, accounts: Accounts, *, idle_seconds: int) -> None:
        self._accounts = accounts
        self._idle_ms = idle_seconds * 1000

    @property
    def has_users(self) -> bool:
        return bool(self._accounts.users)

    def of_session(self, secret: str, origin: str, *, is_use: bool = True) -> Principal | None:
        """Return who shows the secret of a session; None when it is good for nothing (any more).

        `is_use` is whether that keeps the session from going idle.
        """
        secret_hash = hash_secret(secret)
        session = self._accounts.sessions.get(session_id(secret_hash))
        if session is None or not hmac.compare_digest(session.secret_hash, secret_hash):
            return None
        principal = self._of_session(session, origin)
        if principal is not None and is_use:
            self._note_use(session)
        return principal

    def of_token(self, text: str, origin: str) -> Principal | None:
        """Return who shows an API token; None when it is good for nothing (any more)."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        token = self._accounts.api_tokens.get(token_id)
        if prefix != TOKEN_PREFIX or token is None:
            return None
        if not hmac.compare_digest(token.secret_hash, hash_secret(secret)):
            return None
        return self._of_token(token, origin)

    def holds(self, principal: Principal) -> bool:
        """Whether somebody who was let in would be let in now, with the same role; asking is no use of a session."""
        match principal.kind:
            case Kind.USER | Kind.LINK:
                session = self._accounts.sessions.get(principal.credential)
                now = self._of_session(session, principal.origin) if session else None
            case Kind.TOKEN:
                token = self._accounts.api_tokens.get(principal.credential)
                now = self._of_token(token, principal.origin) if token else None
            case _:
                return True
        return now is not None and now.role is principal.role

    def _of_session(self, session: Session, origin: str) -> Principal | None:
        now_ms = self._accounts.now_ms
        role = self._role(session.user) if session.user else Role.ADMIN
        if role is None or session.is_over(now_ms, self._idle_ms):
            return None
        return Principal(
            session.kind,
            session.name,
            role,
            origin,
            user=session.user,
            credential=session.id,
            expires_ms=session.expires_ms,
        )

    def _note_use(self, session: Session) -> None:
        now_ms = self._accounts.now_ms
        if now_ms - session.last_used_ms >= min(TOUCH_MS, self._idle_ms // 2):
            self._accounts.touch(TouchSession(session.id, now_ms))

    def _of_token(self, token: ApiToken, origin: str) -> Principal | None:
        now_ms = self._accounts.now_ms
        most = self._role(token.owner) if token.owner else Role.ADMIN
        if most is None or now_ms >= token.expires_ms:
            return None
        if now_ms - token.last_used_ms >= TOUCH_MS:
            self._accounts.touch(TouchApiToken(token.id, now_ms))
        return Principal(
            Kind.TOKEN,
            f"{token.owner}/{token.name}",
            token.role if most.includes(token.role) else most,
            origin,
            user=token.owner,
            credential=token.id,
            expires_ms=token.expires_ms,
        )

    def _role(self, name: str) -> Role | None:
        """Return what a user may do now; None when they are shut out."""
        user = self._accounts.users.get(name)
        return None if user is None or user.disabled else user.role
