"""What the twin in memory does that Litestream cannot be asked to: go wrong at the moment that a test chooses."""

from pathlib import Path

import pytest

from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError
from tests.appliance.litestream.conftest import PATH
from tests.support.ha.databases import Ledger
from tests.support.ha.litestream import FakeReplicaStore


@pytest.fixture
def twin() -> FakeReplicaStore:
    return FakeReplicaStore()


def test_two_writers_of_one_path_break_it(twin: FakeReplicaStore, ledger: Ledger, tmp_path: Path) -> None:
    """Litestream notices nothing when two write to one path, and what is restored is malformed; the twin notices."""
    twin.replicate(ledger.path, PATH).sync()
    other = Ledger(tmp_path / "other" / "live.sqlite")
    twin.replicate(other.path, PATH).sync()
    other.close()
    assert twin.found[PATH].is_forked
    with pytest.raises(ReplicaBrokenError):
        twin.restore(PATH, tmp_path / "restored.sqlite")


def test_a_paused_program_answers_nothing(twin: FakeReplicaStore, ledger: Ledger) -> None:
    """While Litestream stands still nothing is synced; afterwards it goes on."""
    replication = twin.replicate(ledger.path, PATH)
    replication.is_paused = True
    with pytest.raises(ReplicaUnreachableError):
        replication.sync()
    replication.is_paused = False
    assert replication.sync() == 1


def test_a_store_that_is_away_is_away_for_all(twin: FakeReplicaStore, ledger: Ledger, tmp_path: Path) -> None:
    """No call that needs the store succeeds while it is down, and nothing is lost by that."""
    replication = twin.replicate(ledger.path, PATH)
    txid = replication.sync()
    twin.is_down = True
    ledger.write(2)
    for ask in (replication.sync, twin.paths, lambda: twin.reach(PATH), lambda: twin.remove(PATH)):
        with pytest.raises(ReplicaUnreachableError):
            ask()
    twin.is_down = False
    assert replication.sync() == txid + 1
    assert twin.restore(PATH, tmp_path / "restored.sqlite", txid=txid + 1) == txid + 1
