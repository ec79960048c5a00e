"""Which hosts of local mode have to ask for an identity with a token, and how a token is come by."""

from pathlib import Path
from typing import Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError
from sysmon_appliance.errors import BadIdentityError
from sysmon_appliance.pki.chains import verified_agent
from sysmon_appliance.pki.files import certificates_in, load_pair
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keys import is_sealed
from sysmon_appliance.pki.requests import identity_of
from sysmon_appliance.pki.times import milliseconds, moment


class MakeToken(Protocol):
    """Makes a join token at the running aggregator; with `replaces`, for the host of that id if it is known there."""

    def __call__(self, *, uses: int = 1, replaces: str = "") -> str: ...


class Trust:
    """Tells which identities the aggregator of this machine will renew.

    Parameters
    ----------
    grace_seconds
        How long after its end a certificate can still be renewed.
    """

    def __init__(self, issuer: IssuingAuthority, clock: Clock, *, grace_seconds: int) -> None:
        self._issuer = issuer
        self._clock = clock
        self._grace_ms = 1000 * grace_seconds

    def renews(self, tls: TlsSettings) -> bool:
        """Whether there is an identity that is good, or can be renewed; whether it was revoked is not asked."""
        if not _is_whole(tls):
            return False
        try:
            leaf, _ = verified_agent(Path(tls.certificate).read_bytes(), self._issuer.roots, moment(self._clock))
        except BadIdentityError:
            return False
        return self._clock.wall_ms() < milliseconds(leaf.not_valid_after_utc) + self._grace_ms


def host_at(certificate: Path) -> str:
    """Return the id of the host that a certificate is of; empty where there is none."""
    try:
        peer = identity_of(certificates_in(certificate)[0].extensions)
    except IdentityError:
        return ""
    return peer.id if peer is not None else ""


def _is_whole(tls: TlsSettings) -> bool:
    """Whether all three files are there and belong together, as far as that can be seen without a passphrase."""
    try:
        if is_sealed(Path(tls.key)):
            certificates_in(Path(tls.certificate))
        else:
            load_pair(Path(tls.certificate), Path(tls.key), None)
    except (OSError, IdentityError):
        return False
    return Path(tls.authority).exists()
