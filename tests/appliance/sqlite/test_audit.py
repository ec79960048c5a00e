"""The audit log in the live database: complete, in order, and only ever added to."""

import json
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from sysmon_appliance.domain.audit import AuditQuery, Head, Verdict, verify
from sysmon_appliance.domain.changes import SaveHost
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.audit import a_change, head_of
from tests.support.live import A_HOST, commit, live

Tamper = Callable[[apsw.Connection], object]


def tamper(folder: Path, *statements: str) -> None:
    """Do to the database what the product never does."""
    connection = apsw.Connection(str(folder / FILE_NAME))
    for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def verdict(database: LiveDatabase, *anchors: str) -> Verdict:
    return verify(database.audit.entries(), anchors, recorded=database.audit.head)


def fill(folder: Path, entries: int) -> Head:
    """Begin a log of that many entries and return its head."""
    with live(folder) as database:
        assert commit(database, *(a_change(number) for number in range(entries))) is None
        return database.audit.head()


def test_entries_are_numbered_and_chained_across_groups_and_starts(tmp_path: Path) -> None:
    """Entries of several groups and of several starts make one chain, in order."""
    fill(tmp_path, 2)
    with live(tmp_path) as database:
        commit(database, a_change(2), SaveHost(A_HOST), a_change(3))
        commit(database, a_change(4))
        log = list(database.audit.entries())
        assert [json.loads(entry.text)["target"] for entry in log] == [f"token-{number}" for number in range(5)]
        assert verdict(database) == Verdict(head_of(log))
        assert database.audit.head() == head_of(log)


def test_a_group_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    """When changes cannot be committed, their entries are not there either, and no number is lost."""
    with live(tmp_path) as database:
        database.writer._connection.execute(
            "CREATE TEMP TRIGGER no BEFORE UPDATE ON hosts BEGIN SELECT RAISE(FAIL,''); END"
        )
        assert commit(database, a_change(0), SaveHost(A_HOST)) is not None
        database.writer._connection.execute("DROP TRIGGER no")
        assert commit(database, a_change(1)) is None
        assert [entry.number for entry in database.audit.entries()] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET entry = '{}' WHERE number = 1",
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (number, entry, hash) VALUES (1, '{}', '')",
    ],
)
def test_the_database_refuses_to_change_an_entry(tmp_path: Path, statement: str) -> None:
    """A statement that would change or remove an entry fails, whoever runs it."""
    head = fill(tmp_path, 2)
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    with pytest.raises(apsw.ConstraintError, match="only ever added to"):
        connection.execute(statement)
    connection.close()
    with live(tmp_path) as database:
        assert verdict(database) == Verdict(head)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET entry = replace(entry, 'alice', 'bob') WHERE number = 3",
        "UPDATE audit SET entry = CAST(x'ff' AS TEXT) WHERE number = 3",
        "UPDATE audit SET hash = replace(hash, 'a', 'b') WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit SET number = -number",
        "INSERT INTO audit SELECT -number, entry, hash FROM audit WHERE number = 3",
        "INSERT INTO audit SELECT 0, entry, hash FROM audit WHERE number = 3",
        "INSERT INTO audit SELECT 7, entry, hash FROM audit WHERE number = 6",
        "DELETE FROM audit WHERE number = 6",
        "DELETE FROM audit",
    ],
)
def test_what_gets_past_the_triggers_is_found(tmp_path: Path, statement: str) -> None:
    """A log that was tampered with in the file does not verify."""
    head = fill(tmp_path, 6)
    tamper(tmp_path, statement)
    with live(tmp_path) as database:
        assert verdict(database, head.hash).fault is not None


def test_an_end_that_was_cut_off_is_missed_for_ever(tmp_path: Path) -> None:
    """What is added after the end was cut off never closes the hole."""
    fill(tmp_path, 6)
    tamper(tmp_path, "DELETE FROM audit WHERE number > 4")
    with live(tmp_path) as database:
        assert commit(database, a_change(6)) is None
        fault = verdict(database).fault
        assert fault is not None
        assert fault.number == 5


def test_the_log_goes_on_when_its_head_was_set_back(tmp_path: Path) -> None:
    """A record of the head that was tampered with keeps nobody from adding entries."""
    fill(tmp_path, 3)
    tamper(tmp_path, "UPDATE audit_head SET number = 1", "DELETE FROM audit_head WHERE number = 0")
    with live(tmp_path) as database:
        assert verdict(database).fault is not None
        assert commit(database, a_change(3)) is None
        assert verdict(database).head.number == 4


def test_pages_are_newest_first_and_filtered(tmp_path: Path) -> None:
    """Entries are listed from the newest on, before a number and by what they say."""
    fill(tmp_path, 5)
    with live(tmp_path) as database:
        numbers = {
            "first page": AuditQuery(limit=2),
            "second page": AuditQuery(limit=2, before=4),
            "by target": AuditQuery(limit=9, target="token-1"),
            "by actor": AuditQuery(limit=9, actor="user:bob"),
            "by action": AuditQuery(limit=1, action="token.create"),
        }
        found = {name: [entry.number for entry in database.audit.page(query)] for name, query in numbers.items()}
    assert found == {"first page": [5, 4], "second page": [3, 2], "by target": [2], "by actor": [], "by action": [5]}
