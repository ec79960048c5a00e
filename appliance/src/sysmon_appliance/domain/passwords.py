"""What a password must be.

Length is what counts (NIST SP 800-63B, 3.1.1.2): no rules about kinds of characters, no expiry. Refused is what is
guessed first: passwords everybody tries, the user's own name, the product's, and one thing over and over.
"""

import unicodedata

MIN_CHARACTERS = 12
MAX_CHARACTERS = 128

_OBVIOUS = frozenset(
    {
        "password",
        "passphrase",
        "administrator",
        "correcthorsebatterystaple",
        "changeme",
        "letmein",
        "iloveyou",
        "welcome",
        "qwerty",
        "qwertyuiop",
        "qwertyuiopasdfghjklzxcvbnm",
        "monitor",
        "monitoring",
        "sysmon",
        "sysmonitor",
    }
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6z7u8i9o0p")
_FEWEST_KINDS = 5
"""Different characters; fewer make a pattern."""


def normalised(password: str) -> str:
    """Write a password in one way, however a keyboard composed it (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def weakness(password: str, user: str) -> str:
    """Say what is wrong with a new password, in a sentence; empty where nothing is."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        return f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters."
    plain = password.casefold()
    if len(set(plain)) < _FEWEST_KINDS or _repeats(plain):
        return "This password repeats itself."
    if any(plain in row or plain in row[::-1] for row in _ROWS):
        return "This password only counts, or follows the keyboard."
    return "" if _core(plain) not in _OBVIOUS | _names(user) else "This password is one of the first to be guessed."


def _repeats(text: str) -> bool:
    """Whether a text is one part again and again: then it lies within itself doubled, not only at the ends."""
    return text in (text + text)[1:-1]


def _core(text: str) -> str:
    """Leave the letters of a text: what is put around a word, or between its letters, hides nothing."""
    return "".join(character for character in text if character.isalpha())


def _names(user: str) -> set[str]:
    name = _core(user.casefold())
    return {name, name * 2} - {""}
