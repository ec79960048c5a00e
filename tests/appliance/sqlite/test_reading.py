"""Reading the head."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.wire.messages import Column, ColumnKind, Schema, Series, TableRows, TableSchema
from sysmon_appliance.domain.changes import DropOldest
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.index import HeadIndex
from tests.support.live import append, appends, commit, live
from tests.support.pushes import NOW_MS, a_batch

FOR_EVER = (0, 1 << 60)


def times(database: LiveDatabase, from_ms: int = 0, to_ms: int = 1 << 60, host: int = 1) -> list[list[int]]:
    return [batch.wall_ms.tolist() for batch in database.head.batches(host, from_ms, to_ms)]


def test_a_batch_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    """Times, values and schema of a batch are read as they were sent."""
    with live(tmp_path) as database:
        commit(database, append(1, a_batch(1, 3), received_ms=NOW_MS + 5))
        (batch,) = database.head.batches(1, *FOR_EVER)
    assert batch.wall_ms.tolist() == [NOW_MS, NOW_MS + 1000, NOW_MS + 2000]
    assert batch.values.tolist() == [[1, 2, 3], [100, 200, 300]]
    assert (batch.schema.key, batch.host, batch.received_ms) == (1, 1, NOW_MS + 5)


def test_a_range_has_the_batches_that_overlap_it(tmp_path: Path) -> None:
    """A range includes both its ends, and batches that reach into it."""
    with live(tmp_path) as database:
        commit(database, append(1, a_batch(1, 10)), append(2, a_batch(11, 10)), append(3, a_batch(21, 10)))
        assert len(times(database, NOW_MS + 9_000, NOW_MS + 10_000)) == 2
        assert len(times(database, NOW_MS + 12_000, NOW_MS + 13_000)) == 1
        assert times(database, NOW_MS + 30_000, NOW_MS + 40_000) == []


def test_batches_come_in_order_of_time_not_of_arrival(tmp_path: Path) -> None:
    """Batches that came late are read in their place."""
    with live(tmp_path) as database:
        late = a_batch(2, start_ms=NOW_MS - 60_000)
        commit(database, append(1), append(2, late))
        assert times(database) == [[NOW_MS - 59_000], [NOW_MS]]


def test_corrected_times_are_found_and_read(tmp_path: Path) -> None:
    """A batch of a host whose clock is an hour off is found, and read, at its corrected time."""
    with live(tmp_path) as database:
        commit(database, append(1, a_batch(1, start_ms=NOW_MS - 3_600_000), offset_ms=3_600_000))
        assert times(database, NOW_MS, NOW_MS) == [[NOW_MS]]
    with live(tmp_path) as database:
        assert times(database, NOW_MS, NOW_MS) == [[NOW_MS]]


def test_a_host_without_batches_has_none(tmp_path: Path) -> None:
    """A host that never sent a batch has an empty history."""
    with live(tmp_path) as database:
        assert times(database, host=99) == []


def test_removed_batches_are_not_read(tmp_path: Path) -> None:
    """Batches that have left the head are gone from every range, also after a restart."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 5))
        commit(database, DropOldest(3))
        assert len(times(database)) == 2
    with live(tmp_path) as database:
        assert len(times(database)) == 2


def test_batches_removed_while_they_are_read_are_left_out(tmp_path: Path) -> None:
    """A reader that is overtaken by retention gets what is left, and no error."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 1200))
        reading = database.head.batches(1, *FOR_EVER)
        next(reading)
        commit(database, DropOldest(1100))
        assert sum(1 for _ in reading) == 499 + 100


def test_tables_are_read_only_when_asked_for(tmp_path: Path) -> None:
    """Rows of the process table are decoded for who wants them."""
    table = TableSchema("processes", (Column("pid"), Column("name", ColumnKind.TEXT)))
    rows = TableRows((2,), ((1.0, 2.0), ("init", "kthreadd")))
    schema = Schema((Series("system.uptime"), Series("system.cpu.load_average.1m")), (table,))
    batch = replace(a_batch(1, schema=schema), tables=(rows,))
    with live(tmp_path) as database:
        commit(database, append(1, batch))
        (without,) = database.head.batches(1, *FOR_EVER)
        (with_tables,) = database.head.batches(1, *FOR_EVER, tables=True)
    assert without.tables == ()
    assert list(with_tables.tables[0].columns[1]) == ["init", "kthreadd"]


def test_many_threads_read_while_one_writes(tmp_path: Path) -> None:
    """Readers in several threads see every committed batch, while others are being committed."""
    problems: list[str] = []

    def read(database: LiveDatabase) -> None:
        seen = 0
        while seen < 60:
            now = len(times(database))
            if now < seen:
                problems.append(f"{now} after {seen}")
            seen = now

    with live(tmp_path) as database:
        readers = [threading.Thread(target=read, args=(database,)) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, 61):
            commit(database, append(number))
        for reader in readers:
            reader.join(timeout=60)
    assert problems == []


@pytest.mark.parametrize("up_to", [0, 2, 3, 9])
def test_the_index_forgets_rows_by_number(up_to: int) -> None:
    """Rows leave the index from the oldest on, for each host."""
    index = HeadIndex()
    for number in range(1, 5):
        index.add(number % 2, number, number * 10, number * 10 + 9)
    index.drop(up_to)
    kept = index.find(0, 0, 100) + index.find(1, 0, 100)
    assert sorted(kept) == [number for number in range(1, 5) if number > up_to]
