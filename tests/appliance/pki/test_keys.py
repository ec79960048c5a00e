"""Private keys in files."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from sysmon_agent.errors import IdentityError
from sysmon_appliance.pki.keys import load_key, new_key, save_key
from tests.support.disks import unwritable

PASSPHRASE = b"a long enough passphrase"


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_comes_back(tmp_path: Path, passphrase: bytes | None) -> None:
    """A key that was saved is the key that is loaded, sealed or not, from a private file."""
    key, path = new_key(), tmp_path / "key.pem"
    save_key(path, key, passphrase)
    assert load_key(path, passphrase).private_numbers() == key.private_numbers()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_is_not_sealed_needs_no_passphrase(tmp_path: Path) -> None:
    """A key from before there was a passphrase opens all the same."""
    save_key(tmp_path / "key.pem", new_key(), None)
    assert load_key(tmp_path / "key.pem", PASSPHRASE).curve.name == "secp256r1"


def test_a_key_that_others_can_read_is_made_private_again(tmp_path: Path) -> None:
    """A key whose mode was loosened, as by an unpacked archive, gets mode 0600 back."""
    path = tmp_path / "key.pem"
    save_key(path, new_key(), None)
    path.chmod(0o644)
    load_key(path, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_on_a_disk_that_cannot_be_written_opens(tmp_path: Path) -> None:
    """A private key on a read-only mount is used as it is."""
    path = tmp_path / "keys" / "key.pem"
    path.parent.mkdir()
    save_key(path, new_key(), None)
    with unwritable(path.parent):
        load_key(path, None)


def test_what_opens_no_key_is_told(tmp_path: Path) -> None:
    """A lost, sealed, damaged or foreign key is told as such, with a command that shows it, and without its content."""
    path = tmp_path / "key.pem"
    said = []
    for content, passphrase in contents().values():
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(IdentityError) as caught:
            load_key(path, passphrase)
        said.append(caught.value.message)
        assert str(path) in caught.value.message
        assert caught.value.hint
    assert len(set(said)) == len(said)


def contents() -> dict[str, tuple[bytes | None, bytes | None]]:
    """Return contents of key files, and the passphrase that each is tried with."""
    rsa_key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return {
        "lost": (None, None),
        "garbage": (b"garbage", None),
        "of another kind": (rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), None),
        "sealed": (sealed(), None),
        "sealed with another passphrase": (sealed(), b"another passphrase"),
    }


def sealed() -> bytes:
    return new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))
