"""Private keys: EC P-256, in files of mode 0600, sealed where there is a passphrase."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sysmon_agent.errors import IdentityError
from sysmon_appliance.files import replace_file

PublicKey = ec.EllipticCurvePublicKey


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_hash(key: PublicKey) -> str:
    """Return the SHA-256 of a key's SubjectPublicKeyInfo, hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def save_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> None:
    """Write a key as a whole; raises OSError."""
    sealing: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    replace_file(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing))


def load_key(path: Path, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    """Read a key, and give its file mode 0600 back where a copy or an unpacked archive has lost it.

    Raises
    ------
    IdentityError
        It is missing, sealed with another passphrase or none was given, or no key of ours.
    """
    try:
        sealed = is_sealed(path)
        if sealed and not passphrase:
            raise IdentityError(f"{path} is sealed, and no passphrase was given.", hint="sysmon secrets --help")
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        key = load_pem_private_key(path.read_bytes(), passphrase if sealed else None)
    except FileNotFoundError as error:
        raise IdentityError(f"The key file {path} is lost.", hint=f"ls -l {path.parent}") from error
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(_why(path, error), hint=f"ls -l {path}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IdentityError(f"{path} is no key of the kind that SysMonitor makes.", hint=f"ls -l {path}")
    return key


def is_sealed(path: Path) -> bool:
    """Whether a key file needs a passphrase; raises OSError."""
    return b"ENCRYPTED" in path.read_bytes()


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{path} cannot be read ({error.strerror})."
    return f"{path} is damaged, or was sealed with another passphrase: {error}."
