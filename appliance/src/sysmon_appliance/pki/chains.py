"""Certificates of others: read with care, and verified up to a root that is trusted."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.errors import BadIdentityError
from sysmon_appliance.pki.certificates import fingerprint, is_issued_by
from sysmon_appliance.pki.requests import ISSUER, MAX_BYTES, UNREADABLE, identity_of
from sysmon_appliance.pki.times import to_minute

Certificates = tuple[x509.Certificate, ...]

_MAX_LENGTH = 4  # a leaf, its intermediate, and a root that somebody sends along
_MAX_AUTHORITIES = 1  # between leaf and root
_HINT = "sysmon-agent check"
_SHOW = "sysmon-aggregator pki show"


def read_certificates(pem: bytes) -> Certificates:
    """Read certificates of a bounded size.

    Raises
    ------
    ValueError
        There are none, or they are malformed; the message is the end of a sentence.
    """
    if len(pem) > MAX_BYTES:
        raise ValueError(f"there are more than {MAX_BYTES} bytes")
    try:
        certificates = tuple(x509.load_pem_x509_certificates(pem))
        for certificate in certificates:
            _ = certificate.extensions, certificate.public_key(), certificate.subject  # parsed late, and may fail
    except (TypeError, *UNREADABLE) as error:
        raise ValueError(str(error)) from error
    return certificates


def verified_agent(pem: bytes, roots: Sequence[x509.Certificate], now: datetime) -> tuple[x509.Certificate, Peer]:
    """Verify the chain of an agent as of now, or where it has expired, as of its last moment.

    Raises
    ------
    BadIdentityError
        It leads to none of the roots, is not valid yet, or is no agent's.
    """
    try:
        given = list(read_certificates(pem)[:_MAX_LENGTH])
        builder = PolicyBuilder().store(Store(list(roots))).max_chain_depth(_MAX_AUTHORITIES)
        moment = min(now, given[0].not_valid_after_utc).replace(tzinfo=None)
        leaf, signer, *_ = builder.time(moment).build_client_verifier().verify(given[0], given[1:]).chain
    except (ValueError, VerificationError) as error:
        raise BadIdentityError(f"The certificate cannot be trusted: {error}.", hint=_HINT) from error
    peer = identity_of(leaf.extensions)
    if peer is None or peer.role != AGENT:
        raise BadIdentityError("The certificate is not an agent's.", hint=_HINT)
    issuer = identity_of(signer.extensions)
    if issuer is None or issuer.role != ISSUER or issuer.region != peer.region:
        raise BadIdentityError("The certificate was not signed by an aggregator of its region.", hint=_HINT)
    return leaf, peer


def check_intermediate(certificate: x509.Certificate, roots: Sequence[x509.Certificate]) -> Peer:
    """Verify that one of the roots has signed an intermediate, times aside, and return whose it is.

    Raises
    ------
    IdentityError
        None has, or it is no intermediate that issues for a region.
    """
    peer = identity_of(certificate.extensions)
    if peer is None or peer.role != ISSUER or not _may_sign(certificate):
        raise IdentityError("The certificate is no issuing intermediate.", hint=_SHOW)
    if not any(is_issued_by(certificate, root) and _may_sign(root) for root in roots):
        known = ", ".join(fingerprint(root)[:16] for root in roots)
        raise IdentityError(f"The intermediate leads to none of the trusted roots ({known}).", hint=_SHOW)
    return peer


def check_times(certificate: x509.Certificate, now: datetime) -> None:
    """Verify that a certificate is valid now.

    Raises
    ------
    IdentityError
        It has expired or is not valid yet; the message has both clocks, for either may be wrong.
    """
    here = f"this machine's clock says {to_minute(now)}"
    if now < certificate.not_valid_before_utc:
        begin = to_minute(certificate.not_valid_before_utc)
        raise IdentityError(f"The certificate is not valid before {begin}; {here}.", hint="timedatectl status")
    if now >= certificate.not_valid_after_utc:
        end = to_minute(certificate.not_valid_after_utc)
        raise IdentityError(f"The certificate has expired at {end}; {here}.", hint="timedatectl status")


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return constraints.ca and usage.key_cert_sign
