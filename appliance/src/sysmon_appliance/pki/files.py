"""Certificates and keys on disk: PEM files that only their owner can read."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sysmon_agent.errors import IdentityError
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.pki.certificates import Material


def load(certificate: Path, key: Path) -> Material | None:
    """Read a pair of files; None when both are missing.

    Raises
    ------
    IdentityError
        Only one of them is there, or they cannot be read or do not belong together.
    """
    if not certificate.exists() and not key.exists():
        return None
    try:
        material = Material(x509.load_pem_x509_certificate(certificate.read_bytes()), _load_key(key))
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(
            f"{certificate} and {key} cannot be used: {error}.", hint=_move_away(certificate)
        ) from error
    if not material.matches:
        raise IdentityError(f"{key} is not the key of {certificate}.", hint=_move_away(certificate))
    return material


def save(material: Material, certificate: Path, key: Path) -> None:
    """Write a pair of files, each as a whole; the key first, so that a certificate never lacks its key."""
    make_private_folder(certificate.parent)
    replace_file(key, material.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    replace_file(certificate, material.certificate.public_bytes(Encoding.PEM))


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is not of the kind that SysMonitor makes")
    path.chmod(0o600)  # a copy or an unpacked archive may have lost it
    return key


def _move_away(certificate: Path) -> str:
    return f"mv {certificate.parent} {certificate.parent}.broken"
