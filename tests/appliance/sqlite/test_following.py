"""A copy of the live database that somebody else keeps up to date, read as a standby reads it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.changes import Change, DropOldest, SaveSchema
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.domain.following import News
from sysmon_appliance.domain.segments import SwapSegments
from sysmon_appliance.domain.state import State
from sysmon_appliance.errors import ReplicaBrokenError, StorageError
from sysmon_appliance.sqlite import LiveDatabase, head_rows
from sysmon_appliance.sqlite.following import FollowedDatabase
from tests.support.clock import ManualClock
from tests.support.doings import KINDS, Doing, Doings, brought_up_to_date
from tests.support.live import A_SCHEMA, append, appends, commit, gap_row, live
from tests.support.moments import copy_of
from tests.support.pushes import a_batch, gaps_alone
from tests.support.standby_views import Shown
from tests.support.storage import segment

OVERRUN = GapReason.OVERRUN


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[LiveDatabase]:
    """A live database with ten ticks and a mark."""
    with live(tmp_path / "leader") as database:
        assert commit(database, *appends(1, 10), Mark(1)) is None
        yield database


@pytest.fixture
def copy(leader: LiveDatabase, tmp_path: Path) -> Path:
    return brought_up_to_date(leader, tmp_path / "copy.sqlite")


@pytest.fixture
def followed(copy: Path) -> FollowedDatabase:
    return FollowedDatabase.open(copy)


def follow(leader: LiveDatabase, followed: FollowedDatabase, *changes: Change) -> News:
    """Commit changes, bring the copy up to date, and read it."""
    assert commit(leader, *changes) is None
    brought_up_to_date(leader, followed.path)
    return followed.news()


def ticks(database: FollowedDatabase) -> list[int]:
    """Return what the first series of the only host has."""
    return [int(value) for batch in database.head.batches(1, 0, 1 << 60) for value in batch.values[0]]


def edit(path: Path, statement: str) -> None:
    """Change a copy as no leader would."""
    connection = apsw.Connection(str(path))
    connection.execute(statement)
    connection.close()


doing = st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 5))


@given(groups=st.lists(st.tuples(st.lists(doing, max_size=4), st.booleans()), max_size=12))
@settings(max_examples=20)
def test_a_standby_knows_what_whoever_opens_the_database_knows(groups: Sequence[tuple[list[Doing], bool]]) -> None:
    """Whatever is committed, and whenever it is copied, a standby shows what the same database shows when opened."""
    with TemporaryDirectory() as folder, LiveDatabase.open(Path(folder) / "leader", ManualClock()) as database:
        doings = Doings(database)
        doings.do([("host", 0, 0), ("push", 0, 1)])
        followed = FollowedDatabase.open(brought_up_to_date(database, Path(folder) / "copy.sqlite"))
        shown = Shown(followed.state, followed.audit)
        for group, is_copied in [*groups, ([], True)]:
            doings.do(group)
            if is_copied:
                brought_up_to_date(database, followed.path)
                news = followed.news()
                shown.views.show(news)
                assert news.mark == doings.mark
        check_fleet(shown, doings)
        check_same_as_opened(followed, shown, copy_of(database.path, Path(folder) / "opened" / "live.sqlite"))


def check_fleet(shown: Shown, doings: Doings) -> None:
    """Hold the fleet matrix of a standby against one that was told of all batches but the first as they came."""
    matrix = FleetMatrix(shown.catalog)
    matrix.update(doings.stored[1:])
    assert np.array_equal(shown.matrix.values, matrix.values, equal_nan=True)


def check_same_as_opened(followed: FollowedDatabase, shown: Shown, path: Path) -> None:
    """Hold what a standby knows, and what it would know that opens its copy now, against an aggregator's start."""
    with LiveDatabase.open(path.parent, ManualClock()) as opened:
        assert shown.all() == Shown(opened.state, opened.audit).all()
        assert list(followed.manifest.all()) == list(opened.manifest.all())
        assert list(followed.manifest.dropped()) == list(opened.manifest.dropped())
        assert followed.audit.head() == opened.audit.head()
        assert rows_of(followed, opened.state) == rows_of(opened, opened.state)
        assert comparable(FollowedDatabase.open(followed.path).state) == comparable(opened.state)


def rows_of(database: FollowedDatabase | LiveDatabase, state: State) -> list[list[list[int]]]:
    """Return the times of all batches that readers find, by host."""
    return [[batch.wall_ms.tolist() for batch in database.head.batches(host.key, 0, 1 << 60)] for host in state.hosts]


def comparable(state: State) -> State:
    """Leave out the epoch, which each start raises, and the order of uses."""
    uses = sorted(state.uses, key=lambda use: (use.host, use.schema))
    return replace(state, epoch=0, uses=uses)


def test_rows_of_the_head_come_once_and_in_order(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """News has the batches that came since, and nothing twice."""
    news = follow(leader, followed, *appends(11, 3), Mark(2))
    assert [batch.values[0, 0] for batch in news.batches] == [11, 12, 13]
    assert (news.mark, news.state, [stream.last for stream in news.streams]) == (2, None, [13])
    again = followed.news()
    assert (again.mark, list(again.batches), list(again.streams)) == (2, [], [])
    assert ticks(followed) == list(range(1, 14))


def test_what_is_told_stays_as_it_was(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """Streams of one News do not move with the next."""
    news = follow(leader, followed, *appends(11, 1), Mark(2))
    follow(leader, followed, *appends(12, 1), Mark(3))
    assert [stream.last for stream in news.streams] == [11]


def test_a_large_backlog_comes_in_parts(
    leader: LiveDatabase, followed: FollowedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps writers out stays short: the mark counts once all before it was read."""
    monkeypatch.setattr(head_rows, "MOST_ROWS", 4)
    parts = [follow(leader, followed, *appends(11, 10), Mark(2)), followed.news(), followed.news()]
    assert [(len(part.batches), part.mark, part.more) for part in parts] == [(4, 1, True), (4, 1, True), (2, 2, False)]


def test_gaps_are_followed_with_and_without_ticks(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """A stream goes on over numbers that its host declared missing, before its next ticks or without any."""
    news = follow(
        leader, followed, gap_row(11, Gap(11, 12, OVERRUN)), append(12, gaps_alone(Gap(14, 15, OVERRUN))), Mark(2)
    )
    (stream,) = news.streams
    assert (stream.last, stream.stored, stream.missing, stream.last_wall_ms) == (15, 11, {OVERRUN: 4}, 0)
    (stream,) = follow(leader, followed, append(13, a_batch(16)), Mark(3)).streams
    assert (stream.last, stream.stored, stream.balanced) == (16, 12, True)


def test_schemas_need_not_come_in_order(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """A schema whose first commit failed is followed when it is there after all, behind those that came later."""
    three, two = (replace(A_SCHEMA, key=key, hash=bytes([key]) * 16) for key in (3, 2))
    follow(leader, followed, SaveSchema(three), Mark(2))
    news = follow(leader, followed, SaveSchema(two), Mark(3))
    assert news.state is not None
    assert {schema.key for schema in news.state.schemas} == {1, 2, 3}


def test_sealed_batches_are_found_in_segments_alone(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """Once a segment holds batches, readers find it and not them; removing them afterwards changes nothing."""
    sealed = segment(number=1)
    news = follow(leader, followed, SwapSegments((sealed,), sealed_up_to=8), Mark(2))
    assert news.state is not None
    assert (list(followed.manifest.all()), ticks(followed)) == ([sealed], [9, 10])
    news = follow(leader, followed, DropOldest(8), *appends(11, 1), Mark(3))
    assert ([stream.last for stream in news.streams], ticks(followed)) == ([11], [9, 10, 11])


def test_a_standby_that_did_not_look_for_too_long_begins_anew(leader: LiveDatabase, followed: FollowedDatabase) -> None:
    """Rows that left the head unseen are no damage, and no mark is taken over them."""
    commit(leader, *appends(11, 5), SwapSegments((segment(),), sealed_up_to=15))
    with pytest.raises(StorageError, match="too long"):
        follow(leader, followed, DropOldest(15), Mark(2))
    assert FollowedDatabase.open(followed.path).state.mark == 2


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM batches WHERE id = 12", "goes on with 13"),
        ("DELETE FROM bodies WHERE id = 12", "no body"),
        ("UPDATE bodies SET body = (SELECT body FROM bodies WHERE id = 11) WHERE id = 12", "another batch"),
        ("UPDATE bodies SET body = substr(body, 1, length(body) - 30) WHERE id = 12", "cannot be decoded"),
        ("UPDATE batches SET start_ms = start_ms + 1 WHERE id = 12", "another batch"),
        ("UPDATE batches SET stream = 7 WHERE id = 12", "not there"),
        ("UPDATE batches SET schema = 7 WHERE id = 12", "KeyError"),
        ("UPDATE batches SET first = 11 WHERE id = 12", "goes on with 11"),
        ("INSERT INTO gaps VALUES (1, 20, 21, 1, 1); UPDATE meta SET value = '2' WHERE name = 'version'", "a gap from"),
        ("UPDATE meta SET value = '0' WHERE name = 'mark'", "gone back"),
        ("UPDATE meta SET value = '0' WHERE name = 'version'", "gone back"),
        ("UPDATE meta SET value = 'many' WHERE name = 'mark'", "ValueError"),
        ("UPDATE meta SET value = 'x' WHERE name = 'cluster'", "cluster"),
    ],
)
def test_what_no_leader_writes_is_noticed(
    leader: LiveDatabase, followed: FollowedDatabase, damage: str, problem: str
) -> None:
    """A row that is missing, doubled, or other than it says, and a mark that falls, are no state of a leader."""
    commit(leader, *appends(11, 3), Mark(2))
    brought_up_to_date(leader, followed.path)
    edit(followed.path, "PRAGMA foreign_keys = 0; " + damage)
    with pytest.raises(ReplicaBrokenError, match=problem):
        followed.news()


def test_a_copy_whose_ledger_does_not_add_up_is_not_opened(copy: Path) -> None:
    """What was wrong from the beginning is noticed at the beginning."""
    edit(copy, "UPDATE streams SET base_last = 5, base_stored = 4")
    with pytest.raises(ReplicaBrokenError, match="ledger"):
        FollowedDatabase.open(copy)


def test_a_database_of_an_earlier_release_is_not_opened(copy: Path) -> None:
    """A standby that was upgraded before its leader says so, and calls nothing broken."""
    edit(copy, "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    with pytest.raises(StorageError, match="upgraded"):
        FollowedDatabase.open(copy)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A copy that holds thirty ticks."""
    folder = tmp_path_factory.mktemp("whole")
    with live(folder) as leader:
        commit(leader, *appends(1, 30), Mark(1))
        return brought_up_to_date(leader, folder / "copy.sqlite").read_bytes()


@given(data=st.data())
@settings(max_examples=200)
def test_damaged_bytes_never_lead_to_a_wrong_mark(content: bytes, data: st.DataObject) -> None:
    """Whatever becomes of some bytes, a copy is read as it was, or not at all."""
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copy.sqlite"
        path.write_bytes(damaged)
        try:
            state = FollowedDatabase.open(path).state
        except (ReplicaBrokenError, StorageError):
            return
    if state.mark == 1:
        assert [(stream.last, stream.balanced) for stream in state.streams] == [(30, True)]
