"""Who does something, and how much they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"  # sees hosts and their past
    OPERATOR = "operator"  # lets hosts in and shuts them out
    ADMIN = "admin"  # decides about users and reads the audit log

    def includes(self, least: "Role") -> bool:
        """Whether this role may do what needs `least`."""
        order = list(Role)
        return order.index(self) >= order.index(least)


class Kind(StrEnum):
    """How somebody proves who they are."""

    USER = "user"  # a session of a user who signed in
    LINK = "link"  # a session that a one-time link started
    TOKEN = "token"  # noqa: S105 - an API token
    SOCKET = "socket"  # a command on the aggregator's own machine
    AGENT = "agent"  # an agent's certificate, or the token with which a host joins
    SYSTEM = "system"  # the aggregator itself


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known, for authorisation and for the audit log."""

    kind: Kind
    name: str  # of the user, the API token, the local account or the host
    role: Role
    origin: str = ""  # the address that the request came from; empty for the socket and the system
    user: str = ""  # the user whose session or API token it is; empty where there is none
    credential: str = ""  # id of the session or API token
    expires_ms: int = 0  # until when that is good; 0 where it has no end

    @property
    def actor(self) -> str:
        """As the audit log names them, such as user:alice."""
        return f"{self.kind}:{self.name}"
