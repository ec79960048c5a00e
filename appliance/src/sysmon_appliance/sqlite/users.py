"""Users, links, sessions and API tokens in the live database: how each change is written, and all of them read back."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import apsw

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
    Visitor,
)
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Kind, Role
from sysmon_appliance.domain.users import Invitation, RemoveUser, SaveUser, User, UsersState

_SAVE_USER = """
INSERT OR REPLACE INTO users
    (name, role, created_ms, password, disabled, last_signed_in_ms, invitation_hash, invitation_expires_ms)
VALUES
    (:name, :role, :created_ms, :password, :disabled, :last_signed_in_ms, :invitation_hash, :invitation_expires_ms)
"""
_SAVE_LINK = "INSERT INTO links (secret_hash, made_by, expires_ms) VALUES (:secret_hash, :made_by, :expires_ms)"
_SAVE_SESSION = """
INSERT INTO sessions (id, secret_hash, kind, name, origin, agent, started_ms, last_used_ms, expires_ms)
VALUES (:id, :secret_hash, :kind, :name, :origin, :agent, :started_ms, :last_used_ms, :expires_ms)
"""
_SAVE_API_TOKEN = """
INSERT INTO api_tokens (id, secret_hash, name, role, owner, created_ms, expires_ms, last_used_ms)
VALUES (:id, :secret_hash, :name, :role, :owner, :created_ms, :expires_ms, :last_used_ms)
"""  # noqa: S105 - a statement
_REMOVE_USER = "DELETE FROM users WHERE name = :key"
_DROP_LINK = "DELETE FROM links WHERE secret_hash = :key"
_END_SESSION = "DELETE FROM sessions WHERE id = :key"
_DROP_API_TOKEN = "DELETE FROM api_tokens WHERE id = :key"  # noqa: S105 - a statement
_TOUCH_SESSION = "UPDATE sessions SET last_used_ms = :used_ms WHERE id = :id"
_TOUCH_API_TOKEN = "UPDATE api_tokens SET last_used_ms = :used_ms WHERE id = :id"  # noqa: S105 - a statement

_USERS = """
SELECT name, role, created_ms, password, disabled, last_signed_in_ms, invitation_hash, invitation_expires_ms FROM users
ORDER BY name
"""
_LINKS = "SELECT secret_hash, made_by, expires_ms FROM links ORDER BY expires_ms"
_SESSIONS = """
SELECT secret_hash, kind, name, origin, agent, started_ms, last_used_ms, expires_ms FROM sessions ORDER BY started_ms
"""
_API_TOKENS = """
SELECT id, secret_hash, name, role, owner, created_ms, expires_ms, last_used_ms FROM api_tokens ORDER BY created_ms, id
"""

Row = tuple[Any, ...]


def load_users(connection: apsw.Connection) -> UsersState:
    """Read all that is known of who may do what."""
    return UsersState(
        users=[_user(row) for row in connection.execute(_USERS)],
        links=[Link(*row) for row in connection.execute(_LINKS)],
        sessions=[_session(row) for row in connection.execute(_SESSIONS)],
        api_tokens=[_api_token(row) for row in connection.execute(_API_TOKENS)],
    )


def _user(row: Row) -> User:
    name, role, created_ms, password, disabled, last_signed_in_ms, invitation_hash, invitation_expires_ms = row
    invitation = Invitation(invitation_hash, invitation_expires_ms) if invitation_hash else None
    return User(name, Role(role), created_ms, password, bool(disabled), last_signed_in_ms, invitation)


def _session(row: Row) -> Session:
    secret_hash, kind, name, origin, agent, started_ms, last_used_ms, expires_ms = row
    return Session(secret_hash, Kind(kind), name, Visitor(origin, agent), started_ms, last_used_ms, expires_ms)


def _api_token(row: Row) -> ApiToken:
    token_id, secret_hash, name, role, *rest = row
    return ApiToken(token_id, secret_hash, name, Role(role), *rest)


def _save_user(connection: apsw.Connection, change: SaveUser) -> None:
    user = change.user
    row = {
        "name": user.name,
        "role": user.role.value,
        "created_ms": user.created_ms,
        "password": user.password,
        "disabled": int(user.disabled),
        "last_signed_in_ms": user.last_signed_in_ms,
        "invitation_hash": user.invitation.secret_hash if user.invitation else "",
        "invitation_expires_ms": user.invitation.expires_ms if user.invitation else 0,
    }
    connection.execute(_SAVE_USER, row)


def _save_link(connection: apsw.Connection, change: SaveLink) -> None:
    connection.execute(_SAVE_LINK, asdict(change.link))


def _save_session(connection: apsw.Connection, change: SaveSession) -> None:
    session = change.session
    row = {
        "id": session.id,
        "secret_hash": session.secret_hash,
        "kind": session.kind.value,
        "name": session.name,
        "origin": session.visitor.origin,
        "agent": session.visitor.agent,
        "started_ms": session.started_ms,
        "last_used_ms": session.last_used_ms,
        "expires_ms": session.expires_ms,
    }
    connection.execute(_SAVE_SESSION, row)


def _touch_session(connection: apsw.Connection, change: TouchSession) -> None:
    connection.execute(_TOUCH_SESSION, asdict(change))


def _save_api_token(connection: apsw.Connection, change: SaveApiToken) -> None:
    connection.execute(_SAVE_API_TOKEN, asdict(change.token))


def _touch_api_token(connection: apsw.Connection, change: TouchApiToken) -> None:
    connection.execute(_TOUCH_API_TOKEN, asdict(change))


def _delete(connection: apsw.Connection, statement: str, keys: Sequence[str]) -> None:
    connection.executemany(statement, ({"key": key} for key in keys))


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {
    SaveUser: _save_user,
    RemoveUser: lambda connection, change: _delete(connection, _REMOVE_USER, (change.name,)),
    SaveLink: _save_link,
    DropLinks: lambda connection, change: _delete(connection, _DROP_LINK, change.hashes),
    SaveSession: _save_session,
    EndSessions: lambda connection, change: _delete(connection, _END_SESSION, change.ids),
    TouchSession: _touch_session,
    SaveApiToken: _save_api_token,
    DropApiTokens: lambda connection, change: _delete(connection, _DROP_API_TOKEN, change.ids),
    TouchApiToken: _touch_api_token,
}
