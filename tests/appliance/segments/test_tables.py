"""Rows of tables as bytes, and in files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import ColumnKind, TableSchema
from sysmon_appliance.domain.segments import HOUR_MS, Kind, Level
from sysmon_appliance.domain.tables import StoredTable, TableColumn, Texts, stored_tables
from sysmon_appliance.errors import SegmentDamagedError
from sysmon_appliance.segments.files import SegmentFile
from sysmon_appliance.segments.rows import pack_row
from sysmon_appliance.segments.tables import pack_table, unpack_table
from sysmon_appliance.segments.writer import SegmentWriter
from tests.support.process_tables import TABLE, row, rows
from tests.support.rows_of_history import DAY, any_float, even
from tests.support.wire_strategies import CELLS, TABLE_SCHEMAS


def plain(table: StoredTable) -> object:
    """Make something of a table that is equal only where every bit is."""
    columns = [one.tolist() if isinstance(one, Texts) else one.tobytes() for one in table.columns]
    return table.schema, table.t.tolist(), table.counts.tolist(), columns


@st.composite
def tables(draw: st.DrawFn) -> StoredTable:
    schema = draw(TABLE_SCHEMAS)
    counts = np.array(draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)), np.int64)
    t = np.cumsum(np.array(draw(st.lists(st.integers(1, 1 << 40), min_size=len(counts), max_size=len(counts)))))
    return StoredTable(schema, t, counts, tuple(draw(column(each.kind, int(counts.sum()))) for each in schema.columns))


def column(kind: ColumnKind, size: int) -> st.SearchStrategy[TableColumn]:
    if kind is ColumnKind.TEXT:
        return st.lists(CELLS, min_size=size, max_size=size).map(Texts.of)
    return st.lists(any_float, min_size=size, max_size=size).map(lambda values: np.array(values, np.float64))


@given(table=tables())
def test_tables_come_back_to_the_bit(table: StoredTable) -> None:
    """Whatever an agent may send is read as it was, row by row and in its order."""
    body = pack_table(table)
    found = unpack_table(table.schema, lambda start, length: body[start : start + length])
    assert plain(found) == plain(table)


def processes(ticks: int, start_ms: int = DAY) -> StoredTable:
    """Make a table in which processes change places."""
    filled = [[row(100 + (n + place) % 30, cpu=n % 7 / 10) for place in range(20)] for n in range(ticks)]
    [table] = stored_tables([(TABLE, even(ticks, start_ms), rows(*filled))])
    return table


def written(path: Path, *parts: StoredTable) -> Path:
    writer = SegmentWriter(path, Kind.TABLES, Level.DAY)
    writer.host(1, "01" * 16, "db-1")
    for part in parts:
        writer.add_table(1, part)
    writer.finish()
    return path


def test_what_processes_do_again_takes_little_room() -> None:
    """An hour of processes takes less than twelve bytes a row, however often they change places."""
    table = processes(360)
    assert len(pack_table(table)) < 12 * table.rows


def test_tables_are_read_from_a_file(tmp_path: Path) -> None:
    """A file has a row for each piece, says how many rows of tables it holds, and can be copied."""
    first, second = processes(5), processes(3, DAY + HOUR_MS)
    with SegmentFile.open(written(tmp_path / "one", first, second)) as file:
        file.check()
        found = file.rows(1)
        assert [plain(each.table()) for each in found] == [plain(first), plain(second)]
        assert [(each.ticks_count, each.samples) for each in found] == [(5, 100), (3, 60)]
        writer = SegmentWriter(tmp_path / "two", Kind.TABLES, Level.MONTH)
        writer.host(1, "01" * 16, "db-1")
        writer.copy(found[0])
        facts = writer.finish()
    assert (facts.ticks, facts.samples) == (5, 100)
    with SegmentFile.open(tmp_path / "two") as file:
        assert plain(file.rows()[0].table()) == plain(first)


def test_damage_to_a_table_is_found(tmp_path: Path) -> None:
    """Wherever bytes of a table change, it is not believed."""
    body = pack_table(processes(20))
    whole = written(tmp_path / "segment", processes(20)).read_bytes()
    place = whole.index(body[-200:])
    for offset in range(0, 200, 7):
        spoilt = bytearray(whole)
        spoilt[place + offset] ^= 0x10
        (tmp_path / "segment").write_bytes(spoilt)
        with SegmentFile.open(tmp_path / "segment") as file, pytest.raises(SegmentDamagedError):
            file.check()


def test_a_table_of_other_columns_is_damage() -> None:
    """A body that does not fit its columns is refused rather than read wrongly."""
    body = pack_table(processes(2))
    other = TableSchema(TABLE.name, TABLE.columns[:-1])
    with pytest.raises(ValueError, match="other columns"):
        unpack_table(other, lambda start, length: body[start : start + length])


@pytest.mark.parametrize("counts", [(1 << 40, 1), (-1, 2)])
def test_a_table_that_says_more_than_is_ever_written_is_damage(counts: tuple[int, int]) -> None:
    """Numbers of rows that no memory could hold are refused before anything is made of them."""
    body = pack_row([even(2), np.array(counts)], (), [b""] * (2 + len(TABLE.columns)))
    with pytest.raises(ValueError, match="larger than any"):
        unpack_table(TABLE, lambda start, length: body[start : start + length])
