"""What opens the console and the API: one-time links, sessions of browsers, and API tokens.

All are secrets of 256 random bits, as those of join tokens are. Only their hashes are kept, so neither memory nor disk
gives one away; a secret of that size needs no slow hash, and looking its hash up in a dictionary reveals nothing about
it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Kind, Role

_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Link:
    """A link that opens the console once."""

    secret_hash: str
    made_by: str  # name of the account that asked for it
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, as far as it can be told from others."""

    origin: str = ""  # its address
    agent: str = ""  # what it calls itself


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    secret_hash: str
    kind: Kind  # USER or LINK
    name: str  # of the user, or of the account that made the link
    visitor: Visitor
    started_ms: int
    last_used_ms: int  # to within five minutes
    expires_ms: int

    @property
    def id(self) -> str:
        """Names the session without giving it away."""
        return session_id(self.secret_hash)

    @property
    def user(self) -> str:
        """The user whose session it is; empty where a link started it."""
        return self.name if self.kind is Kind.USER else ""

    def is_over(self, now_ms: int, idle_ms: int) -> bool:
        """Whether it has lasted for as long as it may, or has not been used for `idle_ms`."""
        return now_ms >= min(self.expires_ms, self.last_used_ms + idle_ms)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program shows to use the API."""

    id: str
    secret_hash: str
    name: str
    role: Role  # the most that it may do; less where its owner may do less
    owner: str  # name of a user; empty where it was made without one
    created_ms: int
    expires_ms: int
    last_used_ms: int = 0  # to within five minutes; 0 before its first use


@dataclass(frozen=True, slots=True)
class SaveLink(Change):
    link: Link


@dataclass(frozen=True, slots=True)
class DropLinks(Change):
    hashes: Sequence[str]


@dataclass(frozen=True, slots=True)
class SaveSession(Change):
    session: Session


@dataclass(frozen=True, slots=True)
class EndSessions(Change):
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class TouchSession(Change):
    """Note that a session was used; nothing where it has ended."""

    id: str
    used_ms: int


@dataclass(frozen=True, slots=True)
class SaveApiToken(Change):
    token: ApiToken


@dataclass(frozen=True, slots=True)
class DropApiTokens(Change):
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class TouchApiToken(Change):
    """Note that an API token was used; nothing where it is gone."""

    id: str
    used_ms: int


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def session_id(secret_hash: str) -> str:
    return secret_hash[:_ID_DIGITS]


def random_secret() -> str:
    return secrets.token_urlsafe(32)
