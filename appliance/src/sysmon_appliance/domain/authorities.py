"""Who signs for an aggregator, and the port to what keeps its own certificates."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Authority:
    """A root, or an issuing intermediate."""

    name: str
    fingerprint: str  # SHA-256 of its DER, hexadecimal
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """By whom an aggregator's certificates are signed, and until when they last."""

    issuer: Authority | None  # none: it serves with a certificate that it was given
    roots: tuple[Authority, ...]  # the newest first
    serial: str  # of the certificate that agents see
    expires_ms: int


class OwnCertificates(Protocol):
    """What an aggregator shows to others."""

    def standing(self) -> Standing:
        """Return what is in use now."""

    async def rotate(self) -> None:
        """Read roots and intermediate anew, make new certificates, and show them on every new connection.

        Raises
        ------
        IdentityError, NoIssuerError
            Something on disk cannot be used; what was in use still is.
        """
