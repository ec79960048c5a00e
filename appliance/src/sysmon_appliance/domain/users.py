"""People who sign in, and all that is known of who may do what."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sysmon_appliance.domain.access import ApiToken, Link, Session
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Role

NAME_RULE = "lower-case letters, digits and . _ @ -, at most 64, beginning with a letter or digit"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Lets a user set a password, once."""

    secret_hash: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in once there is a password."""

    name: str
    role: Role
    created_ms: int
    password: str = ""  # its hash, as PHC strings write it; empty until an invitation was followed
    disabled: bool = False
    last_signed_in_ms: int = 0  # 0 before the first time
    invitation: Invitation | None = None

    @property
    def rules(self) -> bool:
        """Whether this is an admin who is not shut out."""
        return self.role is Role.ADMIN and not self.disabled

    def is_invited(self, now_ms: int) -> bool:
        """Whether an invitation can still be followed."""
        return self.invitation is not None and now_ms < self.invitation.expires_ms and not self.disabled

    def is_invited_by(self, secret_hash: str, now_ms: int) -> bool:
        """Whether it is this invitation that can."""
        made = self.invitation
        return made is not None and hmac.compare_digest(made.secret_hash, secret_hash) and self.is_invited(now_ms)


@dataclass(frozen=True, slots=True)
class SaveUser(Change):
    """Insert a user, or replace what is known of them."""

    user: User


@dataclass(frozen=True, slots=True)
class RemoveUser(Change):
    name: str


@dataclass(frozen=True, slots=True)
class UsersState:
    """All that is known at start of who may do what."""

    users: Sequence[User] = ()
    links: Sequence[Link] = ()
    sessions: Sequence[Session] = ()
    api_tokens: Sequence[ApiToken] = ()


def is_name(text: str) -> bool:
    """Whether a user may be called so; see NAME_RULE."""
    return _NAME.fullmatch(text) is not None
