"""How hosts are let in: the tokens that entitle them, and their requests to join."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.identities import Certificate, Identity


class TokenState(StrEnum):
    """Whether a join token still lets hosts in, or why it does not."""

    USABLE = "usable"
    USED_UP = "used_up"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A join token as the region knows it; only whoever was given it has its secret."""

    id: str
    secret_hash: str
    created_ms: int
    created_by: str  # as the audit log names them
    expires_ms: int
    uses: int  # enrolments that it is good for
    used: int = 0
    labels: Attributes = ()  # its hosts get these
    approval: bool = False  # whether its hosts wait for an operator
    replaces: str = ""  # the host_id that it is bound to, or an empty string
    revoked_ms: int = 0

    def state(self, now_ms: int) -> TokenState:
        if self.revoked_ms:
            return TokenState.REVOKED
        if self.used >= self.uses:
            return TokenState.USED_UP
        return TokenState.EXPIRED if now_ms >= self.expires_ms else TokenState.USABLE


class Reason(StrEnum):
    """Why a request to join waits for an operator."""

    NONE = ""  # it does not
    APPROVAL = "approval"  # its token says so
    REPLACE = "replace"  # it wants to take the place of a host that its token is not bound to
    CLONE = "clone"  # it comes from a copy of a host's files, and wants an identity of its own


class RequestState(StrEnum):
    """How far a request to join is."""

    WAITING = "waiting"
    APPROVED = "approved"  # the agent gets its certificate when it asks next, if it has not yet
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A host that wants to be let in."""

    id: str  # made of token and key: who asks again with both makes no other request
    token: str  # the token's id; empty for a copy, which comes with a certificate instead
    public_key: str  # SHA-256 of its SubjectPublicKeyInfo, hexadecimal
    name: str  # as the agent gives it
    address: str  # that it came from
    reason: Reason
    about: str  # host_id of the host to be replaced, or of the one that this is a copy of; empty for a new host
    labels: Attributes
    state: RequestState
    requested_ms: int
    decided_ms: int = 0
    host_id: str = ""  # once it is let in


def request_id(token: str, public_key: str) -> str:
    """Name the request that this key makes with this token."""
    return hashlib.sha256(f"{token} {public_key}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class SaveToken(Change):
    """Insert a token, or replace what is known of it."""

    token: KnownToken


@dataclass(frozen=True, slots=True)
class SaveRequest(Change):
    """Insert a request to join, or replace what is known of it."""

    request: JoinRequest


@dataclass(frozen=True, slots=True)
class ForgetRequests(Change):
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class ForgetTokens(Change):
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class IdentityState:
    """All that is known of hosts' identities at start."""

    tokens: Sequence[KnownToken] = ()
    requests: Sequence[JoinRequest] = ()
    identities: Sequence[Identity] = ()
    certificates: Sequence[Certificate] = ()  # in the order in which they were issued
    revoked_issuers: Sequence[str] = ()
    renew_before_ms: int = 0  # agents whose certificates are older were asked to renew
