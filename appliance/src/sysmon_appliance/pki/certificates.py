"""Makes certificates: values in, values out, no files."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sysmon_agent.wire.peer import IDENTITY_HOST, Peer
from sysmon_appliance.pki.keys import PublicKey, key_hash, new_key
from sysmon_appliance.pki.profiles import BACKDATED, ROOT_PROFILE, AuthorityProfile, Profile

_COMMON_NAME = 64  # characters that X.509 allows


@dataclass(frozen=True, slots=True)
class Material:
    """A certificate with its private key, and the authorities between it and the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> bytes:
        """What is shown to others, PEM."""
        return pem_of((self.certificate, *self.above))

    @property
    def name(self) -> str:
        return common_name(self.certificate.subject)

    def is_valid(self, now: datetime) -> bool:
        return self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc


def make_root(name: str, now: datetime) -> Material:
    """Make a root, signed by itself; its name ends with what tells it from others of that name."""
    key = new_key()
    subject = _authority_name(name, key.public_key())
    builder = _builder(subject, key.public_key(), now, now + ROOT_PROFILE.life).issuer_name(subject)
    return Material(_as_authority(builder, ROOT_PROFILE).sign(key, hashes.SHA256()), key)


def certify_authority(
    root: Material, public_key: PublicKey, peer: Peer, *, profile: AuthorityProfile, now: datetime
) -> x509.Certificate:
    """Sign an intermediate; it never outlives the root."""
    subject = _authority_name(f"{peer.region} {peer.id}", public_key, region=peer.region)
    builder = _below(root, _builder(subject, public_key, now, _end(root, now, profile.life)))
    builder = _as_authority(builder, profile)
    if profile.identities:
        identity = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(peer.uri)])
        builder = builder.add_extension(identity, critical=False)
    else:
        none_of_ours = x509.NameConstraints(None, [x509.UniformResourceIdentifier(IDENTITY_HOST)])
        builder = builder.add_extension(none_of_ours, critical=True)
    return builder.sign(root.key, hashes.SHA256())


def certify(
    issuer: Material, public_key: PublicKey, peer: Peer, *, profile: Profile, now: datetime, names: Sequence[str] = ()
) -> x509.Certificate:
    """Sign a leaf; it never outlives its issuer. `names` are host names and addresses of a server."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, peer.id)])
    builder = _below(issuer, _builder(subject, public_key, now, _end(issuer, now, profile.life)))
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(profile.usages), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(peer.uri), *map(_host, names)]), critical=False
        )
        .sign(issuer.key, hashes.SHA256())
    )


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say so; times and rights of the issuer are not looked at."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def pem_of(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's DER, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial_of(certificate: x509.Certificate) -> str:
    """Return the serial number, hexadecimal, without leading zeros."""
    return f"{certificate.serial_number:x}"


def common_name(name: x509.Name) -> str:
    values = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return values[0] if values else ""


def host_names(certificate: x509.Certificate) -> frozenset[str]:
    """Return the host names and addresses that a server's certificate is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset([*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))])


def usages(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    """Return what a leaf that was signed here may be used for."""
    return frozenset(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def _authority_name(name: str, public_key: PublicKey, *, region: str = "") -> x509.Name:
    # Names are how certificates find their issuer, so a root and the one that replaces it must not share theirs.
    unique = f"{f'SysMonitor {name}'[: _COMMON_NAME - 9]} {key_hash(public_key)[:8]}"
    # The region is the organisation, so that whoever sees only a leaf knows for which region its issuer may speak.
    organisation = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, region)] if region else []
    return x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, unique)])


def _host(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _end(issuer: Material, now: datetime, life: timedelta) -> datetime:
    return min(now + life, issuer.certificate.not_valid_after_utc)


def _builder(subject: x509.Name, key: PublicKey, now: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _below(issuer: Material, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.issuer_name(issuer.certificate.subject).add_extension(identifier, critical=False)


def _as_authority(builder: x509.CertificateBuilder, profile: AuthorityProfile) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=profile.path_length)
    return builder.add_extension(constraints, critical=True).add_extension(_key_usage(signs=True), critical=True)


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
