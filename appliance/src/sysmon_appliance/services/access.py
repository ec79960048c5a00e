"""Hands out one-time links and keeps the sessions that they start."""

import asyncio
import logging
import secrets
from collections.abc import Callable

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.access import Grant, SessionStore, hash_secret

LINK_MS = 600_000
"""How long a link may be used."""

MAX_LINKS = 100
MAX_SESSIONS = 1000

_log = logging.getLogger(__name__)


def random_secret() -> str:
    return secrets.token_urlsafe(32)


class Access:
    """Links and sessions of the console. Lives on the event loop; saving happens in a thread."""

    def __init__(
        self,
        store: SessionStore,
        clock: Clock,
        *,
        session_seconds: int,
        secret: Callable[[], str] = random_secret,
    ) -> None:
        self._store = store
        self._clock = clock
        self._session_ms = session_seconds * 1000
        self._secret = secret
        self._links: dict[str, Grant] = {}
        self._sessions = {session.secret_hash: session for session in store.load()}
        self._saving = asyncio.Lock()

    def new_link(self) -> str:
        """Return a token that starts one session within the next ten minutes."""
        return self._grant(self._links, LINK_MS, MAX_LINKS)

    async def redeem(self, token: str, *, replaces: str = "") -> str | None:
        """Use up a link and return the secret of a new session, or None when the link is no good (any more).

        A session that the same browser already had ends.
        """
        link = self._links.pop(hash_secret(token), None)
        if link is None or link.expires_ms <= self._clock.wall_ms():
            _log.warning("A link to the console was refused.")
            return None
        self._sessions.pop(hash_secret(replaces), None)
        session = self._grant(self._sessions, self._session_ms, MAX_SESSIONS)
        await self._save()
        _log.info("A browser signed in.")
        return session

    def is_signed_in(self, session: str) -> bool:
        found = self._sessions.get(hash_secret(session))
        return found is not None and found.expires_ms > self._clock.wall_ms()

    async def sign_out(self, session: str) -> None:
        """End a session; nothing happens when there is none."""
        if self._sessions.pop(hash_secret(session), None) is not None:
            await self._save()
            _log.info("A browser signed out.")

    def _grant(self, grants: dict[str, Grant], lifetime_ms: int, most: int) -> str:
        """Add a grant; those that expired go, and the oldest when there are too many."""
        now_ms = self._clock.wall_ms()
        for expired in [key for key, grant in grants.items() if grant.expires_ms <= now_ms]:
            del grants[expired]
        while len(grants) >= most:
            del grants[next(iter(grants))]
        secret = self._secret()
        grant = Grant(hash_secret(secret), now_ms + lifetime_ms)
        grants[grant.secret_hash] = grant
        return secret

    async def _save(self) -> None:
        async with self._saving:
            try:
                await asyncio.to_thread(self._store.save, list(self._sessions.values()))
            except OSError:
                # The session works all the same, until the aggregator restarts.
                _log.exception("Sessions could not be saved.")
