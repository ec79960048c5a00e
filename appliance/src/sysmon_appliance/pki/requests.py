"""Signing requests: what an aggregator sends to its root, and what agents may send to an aggregator.

Whoever signs decides what a certificate says. Of a request only the key is taken, and of that of an intermediate the
region and the name too, which a person confirms.
"""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sysmon_agent.errors import ConfigError
from sysmon_agent.wire.peer import IDENTITY_HOST, Peer
from sysmon_appliance.errors import BadCsrError
from sysmon_appliance.pki.keys import PublicKey

ISSUER = "issuer"
"""The role in the URI of an intermediate; nobody connects with it."""

_CONSUL = "consul"

MAX_BYTES = 16 << 10
"""Of a request or a chain; one of ours has under a thousand."""

_IDENTITY = re.compile(rf"spiffe://{IDENTITY_HOST}/([\w.-]{{1,63}})/([a-z]+)/([\w.-]{{1,63}})", re.ASCII)
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_HINT = "sysmon-agent enroll --help"

UNREADABLE = (UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
"""What reading an extension, a name or a key of somebody else raises besides ValueError and TypeError."""


def intermediate_request(key: ec.EllipticCurvePrivateKey, region: str, name: str) -> bytes:
    """Ask for an issuing intermediate, PEM.

    Raises
    ------
    ConfigError
        Region or name have characters that an identity cannot carry.
    """
    peer = _nameable(Peer(region, ISSUER, name))
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(peer.uri)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def consul_peer(region: str) -> Peer:
    """Return how the authority of a region's Consul is called.

    Raises
    ------
    ConfigError
        The region has characters that an identity cannot carry.
    """
    return _nameable(Peer(region, _CONSUL, _CONSUL))


def requested_intermediate(pem: bytes) -> tuple[PublicKey, Peer]:
    """Read whose intermediate is asked for.

    Raises
    ------
    BadCsrError
        It is no request for an intermediate, or was not signed with the key that it names.
    """
    request = _read(pem)
    peer = identity_of(request.extensions)
    if peer is None or peer.role != ISSUER:
        raise BadCsrError(
            "The request names no region and no aggregator.", hint="sysmon-aggregator pki request --output FILE"
        )
    return _strong(request.public_key()), peer


def requested_key(pem: bytes) -> PublicKey:
    """Read the key that is to be certified; a subject in the request is not looked at.

    Raises
    ------
    BadCsrError
        It is malformed, its signature does not hold, its key is of another kind than ours, or it asks for anything
        more than a signature: to be a CA, or another name.
    """
    request = _read(pem)
    asked = [extension.oid._name for extension in request.extensions]  # noqa: SLF001 - the only readable name it has
    if asked:
        raise BadCsrError(f"The request asks for more than it may: {', '.join(asked)}.", hint=_HINT)
    return _strong(request.public_key())


def _nameable(peer: Peer) -> Peer:
    if identity_in(peer.uri) == peer:
        return peer
    raise ConfigError(
        f"Region and name may have 63 letters, digits, dots, dashes and underscores; {peer.region!r} and {peer.id!r} "
        "do not keep to that.",
        hint="sysmon-aggregator pki request --help",
    )


def identity_of(extensions: x509.Extensions) -> Peer | None:
    """Return the one identity that a certificate or request names; None where there is none, or more."""
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return identity_in(uris[0]) if len(uris) == 1 else None


def identity_in(uri: str) -> Peer | None:
    match = _IDENTITY.fullmatch(uri)
    return Peer(*match.groups()) if match else None


def _read(pem: bytes) -> x509.CertificateSigningRequest:
    if len(pem) > MAX_BYTES:
        raise BadCsrError(f"The request has {len(pem)} bytes; {MAX_BYTES} are allowed.", hint=_HINT)
    try:
        request = x509.load_pem_x509_csr(pem)
        holds = request.is_signature_valid
        _ = request.extensions, request.subject, request.public_key()  # these are parsed late, and may fail
    except (ValueError, TypeError, *UNREADABLE) as error:
        raise BadCsrError(f"The request is malformed: {error}.", hint=_HINT) from error
    if not holds:
        raise BadCsrError("The request is not signed with the key that it names.", hint=_HINT)
    return request


def _strong(key: object) -> PublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    raise BadCsrError("The key of the request must be of the kind EC P-256 or P-384.", hint=_HINT)
