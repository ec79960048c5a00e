"""What the live database holds, and giving back what it does not need any more."""

from pathlib import Path

import apsw
import pytest

from sysmon_appliance.domain.changes import DropOldest
from sysmon_appliance.domain.usage import HeadFacts
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.live import append, appends, commit, live
from tests.support.pushes import NOW_MS
from tests.support.system import eventually


def pages(folder: Path) -> tuple[int, int]:
    """Return how many pages the database has, and how many of them are free."""
    with apsw.Connection(str(folder / FILE_NAME), flags=apsw.SQLITE_OPEN_READONLY) as connection:
        found = connection.pragma("page_count"), connection.pragma("freelist_count")
    return found  # noqa: RET504 - mypy takes a connection for one that may swallow errors


def filled(database: LiveDatabase) -> None:
    commit(database, *(append(number, body=bytes(40_000)) for number in range(1, 301)))


def test_pages_go_back_while_nothing_else_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a backlog has left the head the file shrinks little by little, though nobody commits."""
    monkeypatch.setattr("sysmon_appliance.sqlite.writer._SPARE_PAGES", 100)
    with live(tmp_path) as database:
        filled(database)
        before, _ = pages(tmp_path)
        assert before > 2900
        commit(database, DropOldest(300))
        eventually(lambda: pages(tmp_path)[0] < 250, "the file has shrunk")
        assert pages(tmp_path)[1] <= 100
    assert (tmp_path / FILE_NAME).stat().st_size < 1 << 20


def test_pages_that_are_soon_needed_again_are_kept(tmp_path: Path) -> None:
    """What an ordinary seal frees stays in the file, for giving it back costs as much as writing."""
    with live(tmp_path) as database:
        filled(database)
        before, _ = pages(tmp_path)
        commit(database, DropOldest(300))
        commit(database, append(301))
        assert pages(tmp_path)[0] == before


def test_the_head_tells_what_is_not_sealed(tmp_path: Path) -> None:
    """Sealing is told from where to where, since when, and how large that is."""
    with live(tmp_path) as database:
        assert database.usage.facts(0) == HeadFacts(0)
        commit(database, *appends(1, 10), *appends(11, 30, received_ms=NOW_MS + 1000))
        facts = database.usage.facts(10)
        assert (facts.oldest, facts.newest, facts.oldest_received_ms, facts.rows) == (11, 40, NOW_MS + 1000, 30)
        assert facts.bytes == database.usage.used_bytes() * 3 // 4
        assert database.usage.facts(40) == HeadFacts(40)


def test_sealed_rows_are_counted_off(tmp_path: Path) -> None:
    """Removal is told how far it may go in one step."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 40))
        assert database.usage.sealed_rows(10, most=1000, most_bytes=1 << 20) == 10
        assert database.usage.sealed_rows(10, most=4, most_bytes=1 << 20) == 4
        commit(database, DropOldest(10))
        assert database.usage.sealed_rows(10, most=4, most_bytes=1 << 20) is None


def test_large_rows_are_removed_in_smaller_steps(tmp_path: Path) -> None:
    """A step ends with the batch that reaches its bytes, so that none is too large for any step."""
    with live(tmp_path) as database:
        changes = appends(1, 40)
        commit(database, *changes)
        size = len(changes[0].body)
        assert database.usage.sealed_rows(10, most=1000, most_bytes=1) == 1
        assert database.usage.sealed_rows(10, most=1000, most_bytes=size + 1) == 2
