"""A copy that follows, where it is disturbed."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from sysmon_appliance.domain.replica import Replication
from sysmon_appliance.errors import ReplicaBrokenError
from sysmon_appliance.litestream.following import LitestreamCopy, is_tear
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.log_lines import parse
from sysmon_appliance.litestream.programs import LitestreamProgram
from sysmon_appliance.litestream.store import LitestreamStore
from tests.appliance.litestream.conftest import PATH, store_at
from tests.support.ha.databases import Ledger, entries
from tests.support.system import eventually


@pytest.fixture
def store(folder: ReplicaLocation, litestream_program: LitestreamProgram) -> LitestreamStore:
    return store_at(folder, litestream_program)


@pytest.fixture
def replication(store: LitestreamStore, ledger: Ledger) -> Iterator[Replication]:
    made = store.replicate(ledger.path, PATH)
    made.sync()
    yield made
    made.kill()


@pytest.fixture
def copy(store: LitestreamStore, replication: Replication, tmp_path: Path) -> Iterator[LitestreamCopy]:
    (tmp_path / "copy").mkdir()
    made = store.follow(PATH, tmp_path / "copy")
    eventually(lambda: made.txid == replication.sync(), "the copy follows")
    yield made
    made.wipe()


def level(folder: ReplicaLocation, number: int) -> Path:
    return Path(folder.folder) / PATH / "ltx" / str(number)


def cut_short(folder: ReplicaLocation) -> None:
    """Put half of a transaction where the next one is expected."""
    newest = max(level(folder, 0).iterdir())
    following = f"{int(newest.stem.split('-')[0], 16) + 1:016x}"
    content = newest.read_bytes()
    draft = newest.with_name("draft")
    draft.write_bytes(content[: len(content) * 3 // 4])
    draft.rename(newest.with_name(f"{following}-{following}.ltx"))


def test_a_copy_that_was_torn_says_so(
    folder: ReplicaLocation, ledger: Ledger, replication: Replication, copy: LitestreamCopy
) -> None:
    """A transaction that breaks off while it is applied ends the copy: it is never taken for a whole one."""
    ledger.write(*range(2, 200), size=1000)
    txid = replication.sync()
    eventually(lambda: copy.txid == txid, "the copy has all")
    replication.kill()
    cut_short(folder)
    eventually(lambda: not copy.alive, "the tear is noticed")
    with pytest.raises(ReplicaBrokenError):
        copy.stop()


def test_a_copy_of_nothing_ends(store: LitestreamStore, tmp_path: Path) -> None:
    """Where there is nothing to follow the copy ends at once, at no position, and cannot be stopped as a whole one."""
    copy = store.follow(PATH, tmp_path)
    eventually(lambda: not copy.alive, "the program ends")
    assert copy.txid == 0
    with pytest.raises(ReplicaBrokenError):
        copy.stop()
    copy.wipe()


def test_a_reader_holds_back_what_is_new_and_nothing_else(
    ledger: Ledger, replication: Replication, copy: LitestreamCopy
) -> None:
    """While somebody reads, the copy stays as it is; afterwards it catches up."""
    reader = apsw.Connection(str(copy.path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM entry").get == 1
    ledger.write(2)
    txid = replication.sync()
    with pytest.raises(AssertionError):
        eventually(lambda: copy.txid == txid, "it does not wait for the reader", patience=0.5)
    assert reader.execute("SELECT count(*) FROM entry").get == 1
    reader.close()
    eventually(lambda: copy.txid == txid, "the copy catches up")
    assert entries(copy.path) == [1, 2]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("list level 0 ltx files: dial tcp", False),
        ("apply ltx file (level=0, min=1, max=2): open ltx file: dial tcp", False),
        ("apply ltx file (level=0, min=1, max=2): decode page: unexpected EOF", True),
        ("apply gap-fill ltx file (level=1, min=1, max=2): close decoder: checksum", True),
    ],
)
def test_only_what_was_begun_tears(error: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """An error before the first page was written leaves the copy whole."""
    said = parse(f'time=2026-01-01T00:00:00Z level=ERROR msg="follow: error applying updates" err="{error}"')
    assert is_tear(said) is expected


def test_what_was_applied_is_no_tear() -> None:
    """What the program tells of its success is not taken for a failure."""
    assert not is_tear(parse('level=INFO msg="follow: applied updates" from_txid=1 to_txid=2'))
