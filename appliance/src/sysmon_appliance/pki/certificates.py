"""Makes certificates: values in, values out, no files."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sysmon_agent.wire.peer import Peer
from sysmon_appliance.pki.profiles import AUTHORITY_LIFE, BACKDATED, Profile


@dataclass(frozen=True, slots=True)
class Material:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def matches(self) -> bool:
        """Whether key and certificate belong together."""
        return self.key.public_key() == self.certificate.public_key()

    def lasts(self, now: datetime, margin: timedelta) -> bool:
        """Whether the certificate is valid now and will be for `margin` more."""
        return self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc - margin


def make_authority(name: str, now: datetime) -> Material:
    """Make a self-signed authority that may sign leaf certificates and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    builder = _builder(subject, subject, key, now=now, life=AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs=True), critical=True)
    return Material(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Material, profile: Profile, peer: Peer, now: datetime) -> Material:
    """Make a key and a certificate for `peer`, signed by `authority`; it never outlives the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    left = authority.certificate.not_valid_after_utc - now
    life = min(profile.life, left)
    builder = _builder(_named(peer.id), authority.certificate.subject, key, now=now, life=life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([profile.usage]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(_names(profile, peer)), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return Material(builder.sign(authority.key, hashes.SHA256()), key)


def is_issued_by(leaf: Material, authority: Material) -> bool:
    try:
        leaf.certificate.verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError):
        return False
    return True


def uri_of(certificate: x509.Certificate) -> str | None:
    """Return the identity that a certificate carries, or None."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), None)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _names(profile: Profile, peer: Peer) -> Iterable[x509.GeneralName]:
    yield x509.UniformResourceIdentifier(peer.uri)
    if profile.loopback:
        yield x509.DNSName("localhost")
        yield from (x509.IPAddress(ip_address(address)) for address in ("127.0.0.1", "::1"))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
