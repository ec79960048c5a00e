"""The private key of this host: made here, and never shown to anybody."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sysmon_agent.enrolment.files import make_folder, own_as_folder
from sysmon_agent.errors import IdentityError
from sysmon_agent.identity import check_private

Key = ec.EllipticCurvePrivateKey


def prepare_key(path: Path, password: bytes) -> Key:
    """Return the key that waits at `path` for its certificate; where none does, one is made.

    The same key is used until there is an answer, so an answer that was lost can be asked for again.
    """
    if path.exists():
        try:
            return load_key(path, password)
        except IdentityError:  # cut short, or sealed with another passphrase: nothing hangs on it yet
            path.unlink()
    make_folder(path.parent)
    key = ec.generate_private_key(ec.SECP256R1())
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption(password)))
    return key


def load_key(path: Path, password: bytes) -> Key:
    """Read a key; raises IdentityError."""
    check_private(str(path))
    try:
        key = _parse(path.read_bytes(), password)
    except (ValueError, TypeError) as error:
        raise IdentityError(
            f"The key {path} cannot be read: it is damaged, or encrypted with another passphrase than was given.",
            hint=f"openssl pkey -in {path} -noout",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IdentityError(f"The key {path} is not of an elliptic curve.", hint="sysmon-agent enroll --force")
    return key


def signing_request(key: Key) -> str:
    """Write a request (PEM) that proves possession of the key, and asks for no name: names are the aggregator's."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def _parse(content: bytes, password: bytes) -> object:
    # An unencrypted key is refused with a password, and is used all the same: it may be older than the seal key.
    return load_pem_private_key(content, password if b"ENCRYPTED" in content else None)


def _encryption(password: bytes) -> KeySerializationEncryption:
    return BestAvailableEncryption(password) if password else NoEncryption()


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        own_as_folder(file.fileno(), path.parent)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
