"""Starts, lists and ends the sessions of browsers, and makes the links that start one."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sysmon_appliance.domain.access import (
    DropLinks,
    EndSessions,
    Link,
    SaveLink,
    SaveSession,
    Session,
    Visitor,
    hash_secret,
    random_secret,
    session_id,
)
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.services.accounts import Accounts

LINK_MS = 600_000
"""How long a link may be used."""

MAX_LINKS = 100
MAX_SESSIONS = 50
"""Of one user, or of those whose links one account made; the oldest end for new ones."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that is not committed yet."""

    secret: str = field(repr=False)
    id: str
    changes: Sequence[Change]


class Sessions:
    """Belongs to the event loop."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        session_seconds: int,
        idle_seconds: int,
        secret: Callable[[], str] = random_secret,
    ) -> None:
        self._accounts = accounts
        self._session_ms = session_seconds * 1000
        self._idle_ms = idle_seconds * 1000
        self._secret = secret

    @property
    def seconds(self) -> int:
        """How long a session lasts at most."""
        return self._session_ms // 1000

    async def new_link(self, principal: Principal) -> str:
        """Return a token that starts one session within the next ten minutes."""
        async with self._accounts.changing:
            now_ms, secret = self._accounts.now_ms, self._secret()
            link = Link(hash_secret(secret), principal.name, now_ms + LINK_MS)
            changes = [DropLinks(self._spent_links()), SaveLink(link)]
            await self._accounts.commit(principal, "link.create", "", changes)
        return secret

    async def redeem(self, token: str, visitor: Visitor, *, replaces: str = "") -> str | None:
        """Use up a link and return the secret of a new session, or None when the link is no good (any more).

        The session that the same browser had before, whose secret is `replaces`, ends.
        """
        async with self._accounts.changing:
            link = self._accounts.links.get(hash_secret(token))
            if link is None or link.expires_ms <= self._accounts.now_ms:
                _log.warning("A link to the console was refused.", extra={"origin": visitor.origin})
                return None
            begun = self.begin(Kind.LINK, link.made_by, visitor, replaces=replaces)
            principal = Principal(Kind.LINK, link.made_by, Role.ADMIN, visitor.origin)
            changes = [DropLinks([link.secret_hash]), *begun.changes]
            await self._accounts.commit(principal, "session.start", begun.id, changes)
        _log.info("A browser signed in by a link.", extra={"origin": visitor.origin})
        return begun.secret

    def begin(self, kind: Kind, name: str, visitor: Visitor, *, replaces: str = "", ends: Sequence[str] = ()) -> Begun:
        """Make a new session, which whoever holds `changing` is to commit.

        Those that are over end, the one that it replaces, those named in `ends`, and the oldest where there are
        too many.
        """
        now_ms, secret = self._accounts.now_ms, self._secret()
        session = Session(hash_secret(secret), kind, name, visitor, now_ms, now_ms, now_ms + self._session_ms)
        ended = {*self._over(), *self._oldest(kind, name), *ends}
        if replaces:
            ended.add(session_id(hash_secret(replaces)))
        changes = [EndSessions(sorted(ended & self._accounts.sessions.keys())), SaveSession(session)]
        return Begun(secret, session.id, changes)

    def of(self, principal: Principal) -> list[Session]:
        """List the sessions that somebody may see, the newest first."""
        over = set(self._over())
        sessions = self._accounts.sessions.values()
        found = [session for session in sessions if session.id not in over and _may_see(principal, session)]
        return sorted(found, key=lambda session: session.started_ms, reverse=True)

    async def end(self, principal: Principal, wanted: str) -> None:
        """End a session.

        Raises
        ------
        NotFoundError
            There is none that this principal may end.
        """
        async with self._accounts.changing:
            session = self._accounts.sessions.get(wanted)
            if session is None or not _may_see(principal, session):
                raise NotFoundError("There is no such session.", hint="sysmon sessions list")
            changes = [EndSessions([wanted])]
            await self._accounts.commit(principal, "session.end", wanted, changes, before={"name": session.name})

    def _spent_links(self) -> list[str]:
        links = self._accounts.links
        good = [key for key, link in links.items() if link.expires_ms > self._accounts.now_ms]
        return sorted(links.keys() - set(good[-(MAX_LINKS - 1) :]))

    def _over(self) -> list[str]:
        now_ms, sessions = self._accounts.now_ms, self._accounts.sessions.values()
        return [session.id for session in sessions if session.is_over(now_ms, self._idle_ms)]

    def _oldest(self, kind: Kind, name: str) -> list[str]:
        found = [each for each in self._accounts.sessions.values() if (each.kind, each.name) == (kind, name)]
        found.sort(key=lambda session: session.started_ms, reverse=True)
        return [session.id for session in found[MAX_SESSIONS - 1 :]]


def _may_see(principal: Principal, session: Session) -> bool:
    own = bool(session.user) and session.user == principal.user
    return own or session.id == principal.credential or principal.role is Role.ADMIN
