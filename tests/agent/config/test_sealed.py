"""Sealed values: only the key and the setting that they were sealed for open them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.config.sealed import is_sealed, key_name, seal, unseal
from sysmon_agent.errors import SealError

KEY = b"k" * 32
OTHER = b"o" * 32


@given(st.text(max_size=200), st.binary(min_size=32, max_size=64), st.text(min_size=1, max_size=40))
def test_what_was_sealed_is_opened(text: str, key: bytes, setting: str) -> None:
    """Any text comes back with the key and the setting that it was sealed for."""
    assert unseal(seal(text, key=key, setting=setting), key=key, setting=setting) == text


def test_sealing_twice_looks_different() -> None:
    """Two values of one secret cannot be seen to be equal."""
    assert seal("hunter2", key=KEY, setting="a") != seal("hunter2", key=KEY, setting="a")


def test_a_sealed_value_fits_on_a_line_of_yaml() -> None:
    """A sealed value needs no quotes, and says what it is."""
    sealed = seal("hunter2", key=KEY, setting="a")
    assert is_sealed(sealed)
    assert set(sealed) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:")


def test_a_wrong_key_is_named() -> None:
    """The error names the key that is needed and the key that was given, by their names."""
    with pytest.raises(SealError) as caught:
        unseal(seal("hunter2", key=KEY, setting="a"), key=OTHER, setting="a")
    assert key_name(KEY) in caught.value.message
    assert key_name(OTHER) in caught.value.message
    assert caught.value.hint == "sysmon secrets check FILE"


def test_a_value_cannot_be_moved() -> None:
    """A value that was sealed for one setting does not open in another, which might be shown."""
    with pytest.raises(SealError, match="for another setting, or is damaged"):
        unseal(seal("hunter2", key=KEY, setting="notify.password"), key=KEY, setting="labels")


@given(st.data())
def test_a_changed_value_is_refused(data: st.DataObject) -> None:
    """No change of a single character of a sealed value opens."""
    sealed = seal("hunter2", key=KEY, setting="a")
    place = data.draw(st.integers(0, len(sealed) - 2))  # the last character has bits that base64 does not use
    changed = sealed[:place] + data.draw(st.characters().filter(lambda it: it != sealed[place])) + sealed[place + 1 :]
    with pytest.raises(SealError) as caught:
        unseal(changed, key=KEY, setting="a")
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("text", ["sealed:", "sealed:v2:00000000:AAAA", "sealed:v1:", "sealed:v1:zz:AAAA"])
def test_an_unknown_form_is_refused(text: str) -> None:
    """What is no sealed value of this version is refused as that."""
    with pytest.raises(SealError, match="no sealed one of this version, or was cut"):
        unseal(text, key=KEY, setting="a")


@given(st.integers(0, 70))
def test_a_cut_value_is_refused(length: int) -> None:
    """A sealed value of which only a part was pasted is refused."""
    sealed = seal("hunter2", key=KEY, setting="a")
    with pytest.raises(SealError):
        unseal(sealed[: min(length, len(sealed) - 1)], key=KEY, setting="a")


def test_the_form_does_not_change() -> None:
    """A value that was sealed by an earlier release opens."""
    sealed = "sealed:v1:2d580c09:S6AZvkHA3Xi6qRSq2Cbuq0sYbI9PbdhemXWbFjHYsn-45wQ"
    assert unseal(sealed, key=KEY, setting="notify.password") == "hunter2"
