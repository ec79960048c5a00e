"""A proof that cannot fail proves nothing: the account finds each kind of harm."""

from pathlib import Path

import apsw
import pytest

from sysmon_agent.wire.encode import encode_batch
from tests.chaos.account import Verdict, account, compare, judge
from tests.chaos.journal import Journal
from tests.support.tree import read

HOST = f"{7:032x}"
Row = tuple[str, bytes, int, int, int, bytes | None]


@pytest.fixture
def journal() -> Journal:
    """An agent that was promised four ticks."""
    journal = Journal(7)
    for second in range(4):
        journal.collect(1000 * second)
    journal.release(4)
    return journal


def row(journal: Journal, first: int, count: int, *, number: int = 1) -> Row:
    """Make a row of the head."""
    batch = journal.cut(first, count, 0)
    assert batch is not None
    return HOST, batch.stream_id, number, first, batch.count, encode_batch(batch)


def verdict(journal: Journal, *rows: Row) -> Verdict:
    held, faults = account(rows)
    return compare(held, {HOST: journal.promised()}, corrupt=tuple(faults))


def test_all_that_was_promised_is_there_once(journal: Journal) -> None:
    """A database that holds each promised tick once is good, however ticks were cut into batches."""
    assert verdict(journal, row(journal, 1, 1), row(journal, 2, 3)).is_good


def test_more_than_was_promised_is_good(journal: Journal) -> None:
    """A tick that is stored and was not promised yet is no fault."""
    journal.collect(4000)
    assert verdict(journal, row(journal, 1, 5)).is_good


def test_a_missing_tick_is_lost(journal: Journal) -> None:
    """Each promised tick that is not there is counted, also where nothing of its host is."""
    assert verdict(journal, row(journal, 1, 3)) == Verdict(lost=1)
    assert verdict(journal) == Verdict(lost=4)


def test_a_tick_in_two_rows_is_doubled(journal: Journal) -> None:
    """Each tick that two rows hold is counted."""
    assert verdict(journal, row(journal, 1, 3), row(journal, 2, 3, number=2)) == Verdict(doubled=2)


def test_a_tick_in_two_streams_is_doubled(journal: Journal) -> None:
    """A tick that was numbered anew and is there under both numbers is counted."""
    before = row(journal, 1, 4)
    journal.stream.durable = 3
    journal.start_stream()
    assert verdict(journal, before, row(journal, 1, 1, number=2)) == Verdict(doubled=1)


@pytest.mark.parametrize("body", [None, b"", b"not a batch"])
def test_a_row_without_its_body_is_corrupt(journal: Journal, body: bytes | None) -> None:
    """A row whose body cannot be read is named, and what it should hold is lost."""
    *columns, _ = row(journal, 1, 4, number=12)
    found = verdict(journal, (*columns, body))  # type: ignore[arg-type] # all but the last column are there
    assert found == Verdict(lost=4, corrupt=("Row 12 does not hold what it says.",))


def test_a_row_of_other_numbers_is_corrupt(journal: Journal) -> None:
    """A row that says another number than its body is named."""
    host, stream_id, number, first, count, body = row(journal, 1, 4)
    assert verdict(journal, (host, stream_id, number, first + 1, count, body)).corrupt


def saved(folder: Path, journal: Journal) -> Path:
    """Write a database of four rows, a tick each."""
    database = folder / "live.sqlite"
    connection = apsw.Connection(str(database))
    with connection:
        connection.execute(read("appliance/src/sysmon_appliance/sqlite/migrations/0001_first.sql"))
        connection.execute("INSERT INTO hosts VALUES (1, ?, 'web', 1000, 0, '', 0, '{}')", (HOST,))
        connection.execute("INSERT INTO streams (id, host, stream_id) VALUES (1, 1, ?)", (journal.stream.id,))
        connection.execute("INSERT INTO schemas VALUES (1, x'00', x'00')")
        for _, _, number, first, count, body in (row(journal, tick, 1, number=tick) for tick in range(1, 5)):
            connection.execute("INSERT INTO batches VALUES (?, 1, 1, ?, ?, 0, 0, 0, 0, 0)", (number, first, count))
            connection.execute("INSERT INTO bodies VALUES (?, ?)", (number, body))
    connection.close()
    return database


def test_a_database_is_judged(journal: Journal, tmp_path: Path) -> None:
    """A whole database is good, and one of which a row is gone has lost its tick."""
    database = saved(tmp_path, journal)
    promises = {HOST: journal.promised()}
    assert judge(database, promises).is_good
    connection = apsw.Connection(str(database))
    connection.execute("DELETE FROM bodies WHERE id = 2; DELETE FROM batches WHERE id = 2")
    connection.close()
    assert judge(database, promises) == Verdict(lost=1)


def test_a_damaged_file_is_corrupt(journal: Journal, tmp_path: Path) -> None:
    """A database with a torn page is corrupt, though some of it can still be read."""
    database = saved(tmp_path, journal)
    torn = bytearray(database.read_bytes())
    torn[-4096:] = bytes(4096)
    database.write_bytes(torn)
    assert judge(database, {HOST: journal.promised()}).corrupt
