"""The spool's small memory."""

from pathlib import Path

import pytest

from sysmon_agent.spool.state import State, load, save

STATE = State(b"s" * 16, base=4, last=90, durable=80, deleted=30, epoch=7)


def test_state_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """What was saved last is what is loaded."""
    path = f"{tmp_path}/state"
    save(path, State(b"o" * 16))
    save(path, STATE)
    assert load(path) == STATE
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_no_state_is_not_an_error(tmp_path: Path) -> None:
    """A folder that was never used has no state."""
    assert load(f"{tmp_path}/state") is None


@pytest.mark.parametrize("content", [b"", b"check ", b"check 00000000", b"\xff\xfe", b"base 1\ncheck 7a8d1bd6"])
def test_a_damaged_state_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """A state that was damaged is not believed."""
    (tmp_path / "state").write_bytes(content)
    assert load(f"{tmp_path}/state") is None


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    """No single wrong byte turns one state into another."""
    path = tmp_path / "state"
    save(str(path), STATE)
    content = path.read_bytes()
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert load(str(path)) in {None, STATE}
