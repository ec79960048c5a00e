"""What is known of users, links, sessions and API tokens, and the one way to change it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.access import (
    ApiToken,
    DropApiTokens,
    DropLinks,
    EndSessions,
    Link,
    SaveApiToken,
    SaveLink,
    SaveSession,
    Session,
    TouchApiToken,
    TouchSession,
)
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.users import RemoveUser, SaveUser, User, UsersState
from sysmon_appliance.services.settling import commit


class Accounts:
    """Belongs to the event loop.

    Whoever changes something holds `changing` from the moment it judges what is known until `commit` returns, so that
    no two changes are judged against the same past: two admins cannot both be the last but one.
    """

    def __init__(self, state: UsersState, barrier: Barrier, clock: Clock) -> None:
        self._barrier = barrier
        self._clock = clock
        self.changing = asyncio.Lock()
        self.reload(state)

    def reload(self, state: UsersState) -> None:
        """Know what a state tells, and nothing else."""
        self.users: dict[str, User] = {user.name: user for user in state.users}
        self.links: dict[str, Link] = {link.secret_hash: link for link in state.links}
        self.sessions: dict[str, Session] = {session.id: session for session in state.sessions}
        self.api_tokens: dict[str, ApiToken] = {token.id: token for token in state.api_tokens}

    @property
    def now_ms(self) -> int:
        return self._clock.wall_ms()

    async def commit(
        self,
        principal: Principal,
        action: str,
        target: str,
        changes: Sequence[Change],
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Make changes last together with their entry in the audit log, and only then show them.

        Raises
        ------
        StorageFullError, StorageFailedError
            Nothing was changed.
        """
        entry = audited(principal, action, target, now_ms=self.now_ms, before=before, after=after)
        await commit(self._barrier, (*changes, entry), lambda error: self._settle(changes, error))

    def _settle(self, changes: Sequence[Change], error: SysmonError | None) -> None:
        if error is None:
            for change in changes:
                self.show(change)

    def touch(self, change: TouchSession | TouchApiToken) -> None:
        """Note a use at once, and on disk whenever it succeeds; nothing hangs on it."""
        self.show(change)
        self._barrier.submit((change,), lambda _: None)

    def sessions_of(self, user: str) -> list[str]:
        """Ids of the sessions that a user has."""
        return [session.id for session in self.sessions.values() if session.user == user]

    def show(self, change: Change) -> None:  # noqa: C901 - a table, which types check this way
        """Take in a change that has been made to last; others than those of users leave nothing behind."""
        match change:
            case SaveUser(user):
                self.users[user.name] = user
            case RemoveUser(name):
                self.users.pop(name, None)
            case SaveLink(link):
                self.links[link.secret_hash] = link
            case DropLinks(hashes):
                _drop(self.links, hashes)
            case SaveSession(session):
                self.sessions[session.id] = session
            case EndSessions(ids):
                _drop(self.sessions, ids)
            case TouchSession(id=key, used_ms=used_ms) if key in self.sessions:
                self.sessions[key] = replace(self.sessions[key], last_used_ms=used_ms)
            case SaveApiToken(token):
                self.api_tokens[token.id] = token
            case DropApiTokens(ids):
                _drop(self.api_tokens, ids)
            case TouchApiToken(id=key, used_ms=used_ms) if key in self.api_tokens:
                self.api_tokens[key] = replace(self.api_tokens[key], last_used_ms=used_ms)


def _drop(known: dict[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        known.pop(key, None)
