"""Join tokens survive being copied, and say what happened to them where they did not."""

import json
from base64 import urlsafe_b64encode
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.errors import TokenError
from sysmon_agent.wire.token import JoinToken, decode_token, encode_token

TOKEN = JoinToken("t1", "hush", "fra", ("ab" * 32,), ("sysmon.example:7443", "[2001:db8::1]:7443"))
TEXT = encode_token(TOKEN)

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
TOKENS = st.builds(
    JoinToken,
    id=NAMES,
    secret=NAMES,
    region=NAMES,
    fingerprints=st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=3).map(tuple),
    addresses=st.lists(NAMES, min_size=1, max_size=3).map(tuple),
)


def sealed(content: object) -> str:
    """Return a token with a right checksum around anything."""
    body = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return "sysmon1." + urlsafe_b64encode(body + crc32(b"sysmon1." + body).to_bytes(4, "big")).decode().rstrip("=")


@given(token=TOKENS)
def test_a_token_returns_from_its_text(token: JoinToken) -> None:
    """A token that was encoded is decoded to the same value."""
    assert decode_token(encode_token(token)) == token


@given(places=st.lists(st.integers(0, len(TEXT)), max_size=4))
def test_white_space_is_passed_over(places: list[int]) -> None:
    """A token that a terminal broke into lines still means what it meant."""
    text = TEXT
    for place in places:
        text = text[:place] + "\n " + text[place:]
    assert decode_token(text) == TOKEN


@given(size=st.integers(1, len(TEXT) - 1))
def test_a_cut_token_is_called_so(size: int) -> None:
    """Of a token that lost its end, wherever that was, the error says so."""
    with pytest.raises(TokenError, match="cut short"):
        decode_token(TEXT[:size])


@given(place=st.integers(0, len(TEXT) - 1), character=st.sampled_from("aZ09-_+ .~é"))
def test_a_changed_token_is_refused(place: int, character: str) -> None:
    """A token with one other character is never taken for another token."""
    try:
        decoded = decode_token(TEXT[:place] + character + TEXT[place + 1 :])
    except TokenError:
        return
    assert decoded == TOKEN


@given(text=st.text(max_size=100))
def test_noise_is_refused(text: str) -> None:
    """Text that was never a token raises nothing but our own error."""
    for noise in (text, "sysmon1." + text):
        with pytest.raises(TokenError):
            decode_token(noise)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 5000,
        [],
        {},
        {"i": "t", "s": "s", "r": "r", "f": ["ab" * 32]},
        {"i": 1, "s": "s", "r": "r", "f": ["ab" * 32], "a": ["a:1"]},
        {"i": "t", "s": "\ud800", "r": "r", "f": ["ab" * 32], "a": ["a:1"]},
        {"i": "t", "s": "s", "r": "r", "f": ["ab" * 32], "a": ["\udfff:1"]},
        {"i": "t", "s": "", "r": "r", "f": ["ab" * 32], "a": ["a:1"]},
        {"i": "t", "s": "s", "r": "r", "f": [], "a": ["a:1"]},
        {"i": "t", "s": "s", "r": "r", "f": ["AB" * 32], "a": ["a:1"]},
        {"i": "t", "s": "s", "r": "r", "f": ["ab" * 32], "a": "a:1"},
        {"i": "t", "s": "s", "r": "r", "f": ["ab" * 32], "a": [""]},
    ],
)
def test_other_content_is_refused(content: object) -> None:
    """A text with a right checksum around anything but a token is refused."""
    with pytest.raises(TokenError, match="no join token"):
        decode_token(sealed(content))


def test_an_endless_text_is_refused() -> None:
    """A text that is longer than any token is refused before it is decoded."""
    with pytest.raises(TokenError, match="no join token"):
        decode_token("sysmon1." + "A" * 1_000_000)


def test_a_token_hides_its_secret() -> None:
    """What is logged of a token does not show its secret."""
    assert TOKEN.secret not in repr(TOKEN)
