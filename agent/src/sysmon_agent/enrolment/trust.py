"""What is believed of an aggregator's answers: roots by their fingerprint, certificates by their chain."""

from datetime import timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from sysmon_agent.enrolment.asking import Authority, Grant
from sysmon_agent.enrolment.keys import Key
from sysmon_agent.errors import ClockError, EnrolmentError, StrangerError
from sysmon_agent.identity import moment
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_agent.wire.token import JoinToken

MOST_APART = timedelta(hours=12)
"""Clocks further apart make certificates of two days expire too soon, or begin too late."""

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What a certificate raises, some of it only when a part is looked at, where anybody may have made it."""


def vouched_roots(authority: Authority, token: JoinToken) -> str:
    """Return those roots (PEM) whose fingerprints the token has; the others are as good as absent.

    Raises
    ------
    StrangerError
        There are none.
    """
    roots = [root for root in _certificates(authority.roots) if root.fingerprint(SHA256()).hex() in token.fingerprints]
    if not roots:
        raise StrangerError(
            f"Who answers is not of region {token.region}: its authority is another than the token's.",
            hint="sysmon token create",
        )
    return "".join(root.public_bytes(Encoding.PEM).decode() for root in roots)


def check_clocks(own_ms: int, their_ms: int) -> None:
    """Raise ClockError where certificates of one side mean nothing to the other.

    The other side's time is believed without proof: the worst that a false one can do is to prevent an enrolment.
    """
    apart = timedelta(milliseconds=abs(own_ms - their_ms))
    if apart > MOST_APART:
        raise ClockError(
            f"The clock of this host says {moment(own_ms)}, the aggregator's {moment(their_ms)}: one of them is wrong"
            f" by {_in_words(apart)}, and certificates would be refused. Set the one that is wrong, then enrol again.",
            hint="timedatectl status",
        )


def check_grant(grant: Grant, key: Key, region: str) -> None:
    """Verify that a grant is a certificate for this key, of the host and region it names, under its own authority.

    Raises
    ------
    EnrolmentError
        It is not, and what is in use stays in use.
    """
    chain = _certificates(grant.certificate)
    roots = _certificates(grant.authority)
    peer = Peer(region, AGENT, grant.host_id)
    good = (
        chain
        and _has_key(chain[0], key)
        and peer.uri in _uris(chain[0])
        and all(_is_issued_by(below, above) for below, above in pairwise(chain))
        and any(_is_issued_by(chain[-1], root) for root in roots)
    )
    if not good:
        raise EnrolmentError("The aggregator's answer holds no good certificate for this host.", hint="sysmon pki show")


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except _UNREADABLE:
        return []


def _has_key(certificate: x509.Certificate, key: Key) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except _UNREADABLE:
        return False


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _in_words(apart: timedelta) -> str:
    hours = round(apart.total_seconds() / 3600)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
