"""Which key speaks for which host, and the certificates that say so.

A host has one key at a time: the one that was enrolled last. Renewals keep it, a replacement brings another, and a
revocation leaves none. Whether a certificate still counts, and whether it may be renewed, is therefore asked of its
key; so no renewal that races with a revocation can outlive it, whichever of them is written first.

A host of which nothing is on record here speaks with any key that a trusted authority has certified for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.changes import Change


@dataclass(frozen=True, slots=True)
class Identity:
    """A host as it was let in."""

    host_id: str  # 32 hexadecimal digits
    name: str  # that its agent gave when it enrolled
    public_key: str  # SHA-256 of the SubjectPublicKeyInfo that speaks for it, hexadecimal; empty once it is revoked
    labels: Attributes  # what the operator vouched for
    enrolled_ms: int
    revoked_ms: int = 0  # 0 as long as it is not
    reason: str = ""  # why it was revoked


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that this region has issued."""

    serial: str  # hexadecimal, lower case
    role: str
    host_id: str
    name: str  # of the host, when it was issued
    issuer: str  # the intermediate's name
    public_key: str
    root: str  # fingerprint of the newest root among those that were sent along
    issued_ms: int
    expires_ms: int
    revoked_ms: int = 0
    reason: str = ""

    @property
    def renew_at_ms(self) -> int:
        """When its agent begins to try for the next one."""
        return renewal_ms(self.issued_ms, self.expires_ms)


class CertificateState(StrEnum):
    """What has become of a certificate."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"  # a later one was issued to its host; until it expires, it counts too


def renewal_ms(issued_ms: int, expires_ms: int) -> int:
    """Return the moment at two thirds of a life."""
    return issued_ms + (expires_ms - issued_ms) * 2 // 3


@dataclass(frozen=True, slots=True)
class SaveIdentity(Change):
    """Insert an identity, or replace what is known of it."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class SaveCertificate(Change):
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class RevokeCertificates(Change):
    """Mark every certificate of a host that was issued so far and is not revoked yet."""

    host_id: str
    revoked_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class RevokeIssuer(Change):
    """Let no certificate of an intermediate count any more."""

    name: str
    revoked_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class AskForRenewal(Change):
    """Ask agents whose certificates were issued before a moment to renew them."""

    before_ms: int


@dataclass(frozen=True, slots=True)
class ForgetCertificates(Change):
    serials: Sequence[str]
