"""Certificates as values, and the port to whoever signs them."""

from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.wire.peer import Peer


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was just signed."""

    serial: str  # hexadecimal, lower case
    chain: str  # PEM: the certificate and the intermediate that signed it
    public_key: str  # SHA-256 of its SubjectPublicKeyInfo, hexadecimal
    issued_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate that somebody shows, its chain and the possession of its key verified; it may have expired."""

    peer: Peer
    serial: str
    issuer: str
    public_key: str
    expires_ms: int


class Issuer(Protocol):
    """An aggregator's own issuing intermediate."""

    @property
    def name(self) -> str:
        """The common name in the intermediate, unique to it."""

    @property
    def authority(self) -> str:
        """The roots that this region trusts, PEM; two while one is being replaced."""

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each root's DER, hexadecimal, the newest first."""

    def public_key(self, request: bytes) -> str:
        """Check a signing request (PEM) against policy and return its key as `Issued` has it.

        Raises
        ------
        BadCsrError
            It is malformed, its signature does not hold, its key is of the wrong kind, or it asks for a CA, for
            extensions or for a name.
        """

    def sign(self, request: bytes, peer: Peer, *, life_seconds: int) -> Issued:
        """Certify the key of a request for `peer`; never for longer than the intermediate lasts.

        Raises
        ------
        BadCsrError
            As `public_key` does.
        """

    def presented(self, chain: bytes, request: bytes) -> Presented:
        """Verify a chain (PEM) up to a trusted root, time aside, and that `request` is signed with its key.

        Raises
        ------
        BadIdentityError
            The chain leads to no trusted root, or is no agent's.
        BadCsrError
            The request is not signed with the certificate's key.
        """
