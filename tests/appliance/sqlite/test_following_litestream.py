"""A standby's copy as the real Litestream keeps it."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.domain.changes import Change, DropOldest, SaveHost
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.following import News
from sysmon_appliance.domain.replica import path_of
from sysmon_appliance.domain.segments import SwapSegments
from sysmon_appliance.litestream.children import Litestream
from sysmon_appliance.litestream.following import LitestreamCopy
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.programs import find_litestream
from sysmon_appliance.litestream.replication import LitestreamReplication
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.following import FollowedDatabase
from tests.support.clock import ManualClock
from tests.support.live import A_HOST, BEGINNING, appends, commit
from tests.support.storage import segment
from tests.support.tools import program

PATIENCE_SECONDS = 60


@dataclass
class Pair:
    """A leader's database, its replica, and a copy that follows."""

    leader: LiveDatabase
    replication: LitestreamReplication
    copy: LitestreamCopy
    mark: int = 0
    row: int = 0
    followed: FollowedDatabase = field(init=False)

    def store(self, count: int, *changes: Change) -> None:
        """Commit so many ticks and some changes, and put them into the replica."""
        self.mark += 1
        assert commit(self.leader, *changes, *appends(self.row + 1, count), Mark(self.mark)) is None
        self.row += count
        self.replication.sync()

    def open(self) -> FollowedDatabase:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.copy.txid:
            assert time.monotonic() < until
            time.sleep(0.02)
        self.followed = FollowedDatabase.open(self.copy.path)
        return self.followed

    def read(self) -> list[News]:
        """Read until the newest mark has come."""
        news = [self.followed.news()]
        until = time.monotonic() + PATIENCE_SECONDS
        while news[-1].mark < self.mark:
            assert time.monotonic() < until
            time.sleep(0.02)
            news.append(self.followed.news())
        return news


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A leader whose replica is in a folder."""
    found, place = find_litestream(str(program("litestream"))), ReplicaLocation((tmp_path / "replica").as_uri())
    litestream = Litestream(found, place, SystemClock(), os.environ)
    path, folder = path_of(1), tmp_path / "copy"
    folder.mkdir()
    with LiveDatabase.open(tmp_path / "leader", ManualClock(), replicated=True) as leader:
        commit(leader, *BEGINNING)
        replication = LitestreamReplication(litestream, leader.path, path, keep_hours=72)
        replication.sync()
        copy = LitestreamCopy(litestream, path, folder, interval_milliseconds=50)
        yield Pair(leader, replication, copy)
        copy.wipe()
        replication.kill()


def ticks(news: list[News]) -> list[int]:
    return [int(value) for one in news for batch in one.batches for value in batch.values[0]]


def test_each_mark_brings_all_before_it(pair: Pair) -> None:
    """Whatever is in the replica is read from the copy with the mark that was put there after it, exactly once."""
    pair.store(20)
    pair.open()
    pair.read()  # what came while it was opened
    for count in range(1, 30):
        pair.store(count * 20, *([SaveHost(A_HOST)] if count % 5 == 0 else ()))
        first = pair.row - count * 20 + 1
        assert ticks(pair.read()) == list(range(first, pair.row + 1))


def test_a_database_that_shrinks_is_followed(pair: Pair) -> None:
    """Batches that leave the head, and their pages, leave nothing behind that would be taken for damage."""
    pair.store(3000)
    followed = pair.open()
    pair.read()
    pair.store(0, SwapSegments((segment(),), sealed_up_to=2990), DropOldest(2990))
    pair.read()
    for _ in range(10):
        pair.store(50)
        assert len(ticks(pair.read())) == 50
    assert [int(batch.values[0, 0]) for batch in followed.head.batches(1, 0, 1 << 60)] == list(range(2991, 3501))


def test_a_standby_begins_at_any_moment(pair: Pair) -> None:
    """A copy that is opened while the leader stores has all up to its mark."""
    for _ in range(5):
        pair.store(100)
    opened = pair.open().state
    (stream,) = opened.streams
    assert stream.last >= 100 * opened.mark
    pair.store(100)
    pair.read()
    assert followed_last(pair) == 600


def followed_last(pair: Pair) -> int:
    (stream,) = FollowedDatabase.open(pair.copy.path).state.streams
    return stream.last
