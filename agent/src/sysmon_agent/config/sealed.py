"""Sealed values: a secret as it may stand in a settings file that many can read.

    sealed:v1:KEY:BOX

KEY names the seal key by eight hexadecimal digits, so that a value sealed with another one is told from a damaged
value. BOX is base64url without padding: a nonce of 12 bytes, then the text under AES-256-GCM with its tag. The name of
the setting is authenticated along with it. Otherwise whoever may edit a settings file, and must not know its secrets,
could move a sealed password to a setting that is shown, such as a label, and read it in the console.

The encryption key is derived by HKDF-SHA256. A slow derivation would protect short passwords; a seal key is none.
"""

import base64
import binascii
import os
import re
from typing import TYPE_CHECKING

from sysmon_agent.errors import SealError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "sealed:"
_VALUE = re.compile(r"sealed:v1:([0-9a-f]{8}):([A-Za-z0-9_-]+)")

_NONCE_BYTES = 12
_CHECK = "sysmon secrets check FILE"


def is_sealed(text: str) -> bool:
    """Tell a value that was sealed, by whichever version of the format."""
    return text.startswith(MARK)


def seal(text: str, *, key: bytes, setting: str) -> str:
    """Seal a secret for one setting, such as `notify.password`; each call gives another text."""
    name, cipher = _derived(key)
    nonce = os.urandom(_NONCE_BYTES)
    box = nonce + cipher.encrypt(nonce, text.encode(), setting.encode())
    return f"{MARK}v1:{name}:{base64.urlsafe_b64encode(box).decode().rstrip('=')}"


def unseal(text: str, *, key: bytes, setting: str) -> str:
    """Return the secret.

    Raises
    ------
    SealError
        The value was sealed with another key, for another setting, or is damaged.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 16 MB that only sealed values need

    sealed_with, box = _parts(text)
    name, cipher = _derived(key)
    if sealed_with != name:
        raise SealError(f"The value was sealed with the key {sealed_with}, and this is the key {name}.", hint=_CHECK)
    try:
        return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], setting.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise SealError("The value was sealed for another setting, or is damaged.", hint=_CHECK) from error


def key_name(key: bytes) -> str:
    """Return the name by which sealed values refer to a key; it says nothing about the key."""
    return _expand(key, b"sysmon seal key name", 4).hex()


def _parts(text: str) -> tuple[str, bytes]:
    match = _VALUE.fullmatch(text)
    if match is None:
        raise SealError("The value is no sealed one of this version, or was cut.", hint=_CHECK)
    try:
        return match[1], base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
    except binascii.Error as error:
        raise SealError("The sealed value is damaged.", hint=_CHECK) from error


def _derived(key: bytes) -> "tuple[str, AESGCM]":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    return key_name(key), AESGCM(_expand(key, b"sysmon sealed value", 32))


def _expand(key: bytes, purpose: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 - as above

    return HKDF(SHA256(), length, salt=None, info=purpose).derive(key)
