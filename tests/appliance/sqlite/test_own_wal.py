"""Who moves the WAL of a replicated database."""

from pathlib import Path

import pytest

from sysmon_appliance.domain.changes import SaveHost
from sysmon_appliance.sqlite import LiveDatabase, writer
from tests.support.clock import ManualClock
from tests.support.head import host
from tests.support.live import commit

PAGES = 20


def filled(database: LiveDatabase) -> int:
    """Commit more than would be moved at once; return the size of the WAL after it."""
    for number in range(1, 5 * PAGES):
        assert commit(database, SaveHost(host(number))) is None
    return database.path.with_name(f"{database.path.name}-wal").stat().st_size


def test_the_wal_is_moved_here_once_litestream_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Litestream runs only it moves the WAL; when it has ended the WAL does not grow for ever."""
    monkeypatch.setattr(writer, "_CHECKPOINT_PAGES", PAGES)
    with LiveDatabase.open(tmp_path / "live", ManualClock(), replicated=True) as database:
        first, second = filled(database), filled(database)
        assert second > first
        database.writer.own_wal()
        filled(database)
        third, fourth = filled(database), filled(database)
        assert third == fourth
