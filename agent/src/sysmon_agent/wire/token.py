"""Join tokens as text: all that a new host needs to find its region, to trust it, and to be let in.

    sysmon1.BASE64URL       of a JSON object and, behind it, the CRC-32 of all that is before

The checksum is against slips of copying, not against anybody: what protects a token is that it is secret, and what it
says of the region is believed because the operator handed it over. A text that lost its end is told apart from one that
was changed, for the first needs another copy and the second another look.
"""

import binascii
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from sysmon_agent.errors import TokenError

TOKEN_PREFIX = "sysmon1."  # noqa: S105 - what every token begins with
MAX_TOKEN_CHARACTERS = 8192

_CHECKSUM_BYTES = 4
_FINGERPRINT_DIGITS = frozenset("0123456789abcdef")
_HINT = "sysmon token create"
_ADVICE = f"Copy the whole line that begins with {TOKEN_PREFIX}"


@dataclass(frozen=True, slots=True)
class JoinToken:
    """What `sysmon token create` hands out, once."""

    id: str
    secret: str = field(repr=False)
    region: str
    fingerprints: tuple[str, ...]  # SHA-256 of each trusted root's DER, hexadecimal
    addresses: tuple[str, ...]  # HOST:PORT of the aggregators, to be tried in order


def encode_token(token: JoinToken) -> str:
    content = {
        "i": token.id,
        "s": token.secret,
        "r": token.region,
        "f": list(token.fingerprints),
        "a": list(token.addresses),
    }
    body = json.dumps(content, separators=(",", ":")).encode()
    return TOKEN_PREFIX + urlsafe_b64encode(body + _checksum(body)).decode().rstrip("=")


def decode_token(text: str) -> JoinToken:
    """Read a token; white space in it, as terminals and mails add, is passed over.

    Raises
    ------
    TokenError
        The text is no token, or one that was cut short or changed on its way.
    """
    body = _checked(_bytes_of("".join(text.split())))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(content, dict):
        raise _malformed()
    return JoinToken(
        id=_text(content, "i"),
        secret=_text(content, "s"),
        region=_text(content, "r"),
        fingerprints=_fingerprints(content),
        addresses=_texts(content, "a"),
    )


def _bytes_of(text: str) -> bytes:
    if not text.startswith(TOKEN_PREFIX) or len(text) > MAX_TOKEN_CHARACTERS:
        raise _cut_short() if text and TOKEN_PREFIX.startswith(text) else _malformed()
    encoded = text.removeprefix(TOKEN_PREFIX)
    if len(encoded) % 4 == 1:  # a number of characters that no bytes have
        raise _cut_short()
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _malformed() from None


def _checked(content: bytes) -> bytes:
    """Take the checksum off; where it does not hold, the end of the JSON tells what has happened."""
    body, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
    if checksum == _checksum(body):
        return body
    raise _malformed() if body.endswith(b"]}") else _cut_short()


def _checksum(body: bytes) -> bytes:
    return crc32(TOKEN_PREFIX.encode() + body).to_bytes(_CHECKSUM_BYTES, "big")


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    if not _is_text(value):
        raise _malformed()
    return str(value)


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = content.get(key)
    if not isinstance(values, list) or not values or not all(map(_is_text, values)):
        raise _malformed()
    return tuple(values)


def _is_text(value: object) -> bool:
    """Whether it is text of whole characters; JSON can spell halves of them, which nothing can encode."""
    return isinstance(value, str) and bool(value) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _fingerprints(content: Mapping[str, Any]) -> tuple[str, ...]:
    fingerprints = _texts(content, "f")
    if not all(len(one) == 64 and _FINGERPRINT_DIGITS.issuperset(one) for one in fingerprints):
        raise _malformed()
    return fingerprints


def _malformed() -> TokenError:
    return TokenError(f"This is no join token, or characters of it were changed. {_ADVICE}", hint=_HINT)


def _cut_short() -> TokenError:
    return TokenError(f"The join token was cut short: its end is missing. {_ADVICE}", hint=_HINT)
