"""Who holds a connection: read from its certificate once; whether that counts is asked at every request."""

import hashlib
import re
import ssl
from asyncio import Transport
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGENT, AGGREGATOR, Peer, issuer_of, peer_of, serial_of
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.errors import BadIdentityError, CertificateRequiredError

_HOST_ID = re.compile(r"[0-9a-f]{32}")
_HINT = "sysmon-agent check"


def holder_of(transport: Transport, region: str) -> Presented | None:
    """Read the certificate that TLS has verified; None where none was shown.

    Raises
    ------
    BadIdentityError
        It is neither an agent's nor an aggregator's of this region.
    """
    tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
    certificate: dict[str, Any] | None = tls.getpeercert()
    if not certificate:
        return None
    try:
        peer = peer_of(certificate)
    except IdentityError as error:
        raise BadIdentityError(error.message, hint=error.hint) from error
    if not _may_connect(peer):
        raise BadIdentityError(f"The certificate of {peer.uri} is not an agent's.", hint=_HINT)
    if peer.region != region:
        raise BadIdentityError(
            f"The certificate is of region {peer.region!r}, and this aggregator's is {region!r}.", hint=_HINT
        )
    return Presented(
        peer=peer,
        serial=serial_of(certificate),
        issuer=issuer_of(certificate),
        public_key=_key_hash(tls.getpeercert(binary_form=True) or b""),
        expires_ms=1000 * int(ssl.cert_time_to_seconds(certificate["notAfter"])),
    )


def require_role(holder: Presented | None, role: str) -> Presented:
    """Return who holds a connection, who must be of this role.

    Raises
    ------
    CertificateRequiredError, BadIdentityError
        Nobody in particular does, or somebody else.
    """
    if holder is None:
        raise CertificateRequiredError("This route needs a client certificate.", hint="sysmon-agent enroll")
    if holder.peer.role != role:
        raise BadIdentityError(f"This route is not for {holder.peer.uri}.", hint=_HINT)
    return holder


def _may_connect(peer: Peer) -> bool:
    return peer.role == AGGREGATOR or (peer.role == AGENT and _HOST_ID.fullmatch(peer.id) is not None)


def _key_hash(certificate: bytes) -> str:
    key = load_der_x509_certificate(certificate).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
