"""Connections to a copy that is written in place."""

import os
import threading
from pathlib import Path

import apsw
import pytest

from sysmon_appliance.errors import ReplicaBrokenError, StorageError
from sysmon_appliance.sqlite import copies
from sysmon_appliance.sqlite.copies import CopyReaders, is_whole

MOMENT_NS = 1_800_000_000_000_000_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy with one row, whose position was noted after it was written."""
    path = tmp_path / "copy.sqlite"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1)")
    connection.close()
    write(path, moment=0)
    note(path, moment=1)
    return path


def write(path: Path, *, moment: int) -> None:
    os.utime(path, ns=(MOMENT_NS, MOMENT_NS + moment))


def note(path: Path, *, moment: int) -> None:
    """Note a position, as the program that follows does after each step."""
    position = path.with_name(path.name + "-txid")
    position.write_text("0000000000000001\n")
    write(position, moment=moment)


def numbers(path: Path) -> list[int]:
    with CopyReaders(path).connection() as connection:
        return [number for (number,) in connection.execute("SELECT number FROM numbers")]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_ATTEMPTS", 2)
    monkeypatch.setattr(copies, "_PAUSE_SECONDS", 0.001)


def test_a_copy_is_whole_when_its_position_was_noted_last(copy: Path) -> None:
    """What was written after the position was noted belongs to a step that has not ended, or has failed."""
    assert is_whole(copy)
    write(copy, moment=2)
    assert not is_whole(copy)
    note(copy, moment=2)
    assert is_whole(copy)


def test_a_copy_that_nobody_follows_with_is_whole(copy: Path) -> None:
    """Without a position beside it, nobody writes to it."""
    copy.with_name(copy.name + "-txid").unlink()
    assert is_whole(copy)


@pytest.mark.usefixtures("impatient")
def test_a_torn_copy_is_not_read(copy: Path) -> None:
    """Half of a step is shown to nobody, whoever has let go of the locks."""
    write(copy, moment=2)
    with pytest.raises(StorageError, match="does not end"):
        numbers(copy)


def test_readers_wait_until_a_step_has_ended(copy: Path) -> None:
    """A step that is repeated and succeeds is read then."""
    write(copy, moment=2)
    repeating = threading.Timer(0.1, note, (copy,), {"moment": 3})
    repeating.start()
    assert numbers(copy) == [1]
    repeating.join()


def test_what_others_write_is_seen_by_the_next_reader(copy: Path) -> None:
    """No reader remembers what another one has read, though nothing tells it that pages have changed."""
    assert numbers(copy) == [1]
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", copy.read_bytes())
    connection.execute("INSERT INTO numbers VALUES (2)")
    copy.write_bytes(connection.serialize("main"))
    note(copy, moment=1 << 61)
    assert numbers(copy) == [1, 2]


def test_a_reader_keeps_writers_out(copy: Path) -> None:
    """While a connection is lent, the copy stays as it is."""
    with CopyReaders(copy).connection(), pytest.raises(apsw.BusyError):
        apsw.Connection(str(copy)).execute("INSERT INTO numbers VALUES (2)")


def test_damage_is_told_from_what_passes(copy: Path, tmp_path: Path) -> None:
    """A file that is no database is broken; one that is not there, or not any more, cannot be read now."""
    copy.write_bytes(b"no database" * 1000)
    note(copy, moment=1 << 61)
    with pytest.raises(ReplicaBrokenError):
        numbers(copy)
    with pytest.raises(StorageError):
        numbers(tmp_path / "other.sqlite")
