"""Arithmetic on rows of tables."""

from collections.abc import Sequence

import numpy as np

from sysmon_agent.wire.messages import TableSchema
from sysmon_appliance.domain.segments import HOUR_MS
from sysmon_appliance.domain.tables import StoredTable, Texts, by_hour, joined, joined_by_schema, stored_tables
from tests.support.process_tables import TABLE, row, rows


def table(*ticks: tuple[int, Sequence[float]], schema: TableSchema = TABLE) -> StoredTable:
    """Make a table of (time, pids) pairs."""
    filled = rows(*([row(pid) for pid in pids] for _, pids in ticks))
    filled = type(filled)(filled.rows_per_tick, filled.columns[: len(schema.columns)])
    [made] = stored_tables([(schema, np.array([t for t, _ in ticks], np.int64), filled)])
    return made


def told(found: StoredTable) -> list[tuple[int, list[float | str], list[float | str]]]:
    """List the time, the pids and the names of each tick."""
    ticks = [found.part(place, place + 1) for place in range(len(found.t))]
    return [(int(tick.t[0]), [*tick.columns[0].tolist()], [*tick.columns[1].tolist()]) for tick in ticks]


def test_ticks_without_rows_are_left_out() -> None:
    """What says nothing is not kept."""
    assert told(table((1, [5]), (2, []), (3, [6, 7]))) == [(1, [5], ["name-5"]), (3, [6, 7], ["name-6", "name-7"])]


def test_nothing_is_made_of_nothing() -> None:
    """Batches whose tables are empty make none."""
    assert list(stored_tables([(TABLE, np.array([1], np.int64), rows([]))])) == []


def test_ticks_are_put_in_order_and_the_first_of_a_time_stays() -> None:
    """After a clock was set back, or an agent rolled back, every time is there once."""
    found = table((5, [1]), (3, [2, 3]), (5, [4]))
    assert told(found) == [(3, [2, 3], ["name-2", "name-3"]), (5, [1], ["name-1"])]


def test_pieces_are_joined() -> None:
    """Texts keep their meaning although each piece has numbered them by itself."""
    found = joined([table((5, [1, 2])), table((3, [2]), (5, [9]))])
    assert told(found) == [(3, [2], ["name-2"]), (5, [1, 2], ["name-1", "name-2"])]
    assert found.rows == 3


def test_tables_of_other_columns_stay_apart() -> None:
    """What cannot be one table is several, in order of time."""
    older = TableSchema(TABLE.name, TABLE.columns[:3])
    found = joined_by_schema([table((9, [1])), table((3, [2]), schema=older), table((7, [3]))])
    assert [(len(each.columns), each.t.tolist()) for each in found] == [(3, [3]), (len(TABLE.columns), [7, 9])]


def test_tables_are_cut_where_an_hour_ends() -> None:
    """Each part lies in one hour."""
    parts = list(by_hour(table((HOUR_MS - 1, [1]), (HOUR_MS, [2]), (HOUR_MS + 5, [3]), (4 * HOUR_MS, [4]))))
    assert [part.t.tolist() for part in parts] == [[HOUR_MS - 1], [HOUR_MS, HOUR_MS + 5], [4 * HOUR_MS]]
    assert [column.tolist() for part in parts for column in part.columns[:1]] == [[1], [2, 3], [4]]


def test_a_stretch_of_time_is_cut_out() -> None:
    """Both ends belong to it, and it may hold nothing."""
    whole = table((10, [1]), (20, [2]), (30, [3]))
    assert whole.between(10, 20).t.tolist() == [10, 20]
    assert whole.between(11, 19).rows == 0
    assert whole.between(31, 99).t.tolist() == []


def test_columns_are_found_by_name() -> None:
    """A column that is not there is none."""
    made = table((1, [5]))
    names = made.named("name")
    assert isinstance(names, Texts)
    assert names.tolist() == ["name-5"]
    assert made.named("colour") is None
