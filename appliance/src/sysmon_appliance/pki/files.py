"""Certificates on disk, PEM: read, and written with their keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_agent.errors import IdentityError
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.pki.certificates import Material
from sysmon_appliance.pki.chains import Certificates, read_certificates
from sysmon_appliance.pki.keys import load_key, save_key


def certificates_in(path: Path) -> Certificates:
    """Read a file of certificates.

    Raises
    ------
    IdentityError
        It is missing, or holds none.
    """
    return certificates_of(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """Read a file; raises IdentityError where that fails."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{path} cannot be read ({error.strerror}).", hint=f"ls -l {path}") from error


def certificates_of(pem: bytes, what: str) -> Certificates:
    """Read certificates; `what` begins the sentence that is said when there are none.

    Raises
    ------
    IdentityError
        There are none, or they are malformed.
    """
    try:
        return read_certificates(pem)
    except ValueError as error:
        raise IdentityError(f"{what} is no certificate: {error}.", hint="openssl x509 -noout -text -in FILE") from error


def load_pair(certificate: Path, key: Path, passphrase: bytes | None) -> Material:
    """Read a certificate, what is above it, and its key.

    Raises
    ------
    IdentityError
        One of them is missing or damaged, or they do not belong together.
    """
    leaf, *above = certificates_in(certificate)
    private = load_key(key, passphrase)
    if private.public_key() != leaf.public_key():
        raise IdentityError(f"{key} is not the key of {certificate}.", hint=f"ls -l {key} {certificate}")
    return Material(leaf, private, tuple(above))


def save_pair(material: Material, certificate: Path, key: Path, passphrase: bytes | None) -> None:
    """Write a pair, each file as a whole; raises OSError.

    A crash in between leaves a pair that does not match, so this is for pairs that can be made again at any time.
    """
    make_private_folder(certificate.parent)
    save_key(key, material.key, passphrase)
    replace_file(certificate, material.chain)


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Say of a folder that it cannot be used, with an IdentityError, where the block raises an OSError."""
    try:
        yield
    except OSError as error:
        raise IdentityError(
            f"The folder {folder} cannot be used: {error.strerror}.", hint=f"ls -ld {folder}"
        ) from error
