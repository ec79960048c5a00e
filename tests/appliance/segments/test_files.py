import random
import struct
import zlib
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.rollups import roll_up
from sysmon_appliance.domain.segments import MINUTE_MS, Kind, Level
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError
from sysmon_appliance.segments.columns import DamagedColumnError
from sysmon_appliance.segments.files import SegmentFile
from sysmon_appliance.segments.rows import pack_row, read_prelude
from sysmon_appliance.segments.writer import SegmentWriter
from tests.support.rows_of_history import DAY, any_float, bits, even, schema_of, write_ticks

FOLDERS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
GAP = TimeGap(DAY - 60_000, DAY, GapReason.HOST_DOWN)
GOLDEN = Path("tests/fixtures/segments/format-1.sqlite")
GOLDEN_MINUTES = Path("tests/fixtures/segments/format-1-minutes.sqlite")


@FOLDERS
@given(
    columns=st.integers(1, 12).flatmap(
        lambda ticks: st.lists(st.lists(any_float, min_size=ticks, max_size=ticks), min_size=1, max_size=6)
    ),
    times=st.data(),
)
def test_ticks_come_back_to_the_bit(columns: list[list[float]], times: st.DataObject, tmp_path: Path) -> None:
    """Whatever ticks are written, at whatever times, each series is read as it was, by itself or with others."""
    values = np.array(columns)
    steps = times.draw(st.lists(st.integers(1, 1 << 40), min_size=len(values[0]), max_size=len(values[0])))
    t = np.cumsum(np.array(steps, np.int64))
    path = tmp_path / "segment"
    path.unlink(missing_ok=True)
    facts = write_ticks(path, t, values)
    with SegmentFile.open(path) as file:
        [row] = file.rows(1)
        found = row.ticks()
        assert found.t.tolist() == t.tolist()
        assert bits(found.all()) == bits(values)
        chosen = np.array(times.draw(st.lists(st.integers(0, len(values) - 1), max_size=4)), np.intp)
        assert bits(found.read(chosen)) == bits(values[chosen])
    assert (facts.ticks, facts.samples) == (len(t), int(np.isfinite(values).sum() + np.isinf(values).sum()))


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    """The facts of the manifest are those of the file, and rows are found by host and time."""
    writer = SegmentWriter(tmp_path / "segment", Kind.RAW, Level.SEALED)
    for host in (3, 7):
        writer.host(host, f"{host:032x}", f"web-{host}")
        for start in (DAY, DAY + 3_600_000):
            writer.add_ticks(host, schema_of("a"), even(6, start), np.ones((1, 6)), [GAP])
    facts = writer.finish()
    assert (facts.start_ms, facts.end_ms) == (DAY, DAY + 3_650_000)
    assert (facts.first_host, facts.last_host, facts.hosts) == (3, 7, 2)
    assert (facts.ticks, facts.samples) == (24, 24)
    assert facts.bytes == (tmp_path / "segment").stat().st_size
    with SegmentFile.open(tmp_path / "segment") as file:
        assert (file.kind, file.level) == (Kind.RAW, Level.SEALED)
        assert [host.name for host in file.hosts()] == ["web-3", "web-7"]
        [row] = file.rows(7, DAY + 60_000, DAY + 3_600_000)
        assert (row.start_ms, row.ticks().gaps) == (DAY + 3_600_000, (GAP,))
        assert len(file.rows()) == 4
        assert file.rows(5) == []


def test_a_row_is_copied_as_it_is(tmp_path: Path) -> None:
    """A copy of a row in another file holds the same bytes, and the same series."""
    values = np.array([[1.0, 2.5], [np.inf, -0.0]])
    write_ticks(tmp_path / "one", even(2), values)
    with SegmentFile.open(tmp_path / "one") as file:
        writer = SegmentWriter(tmp_path / "two", Kind.RAW, Level.MONTH)
        writer.host(1, f"{1:032x}", "web-1")
        writer.copy(file.rows()[0])
        writer.finish()
        with SegmentFile.open(tmp_path / "two") as copy:
            assert copy.rows()[0].body() == file.rows()[0].body()
            assert bits(copy.rows()[0].ticks().all()) == bits(values)


@pytest.mark.parametrize("kind", [Kind.RAW, Kind.MINUTE])
def test_damage_anywhere_is_found_or_harmless(kind: Kind, tmp_path: Path) -> None:
    """One wrong byte is said to be damage, or the answer is still right: nothing wrong is ever read."""
    path, damaged = tmp_path / "segment", tmp_path / "damaged"
    t, values = even(60), np.cumsum(np.ones((3, 60)) * [[1.0], [0.1], [77.0]], axis=1)
    if kind is Kind.RAW:
        write_ticks(path, t, values)
    else:
        writer = SegmentWriter(path, kind, Level.DAY)
        writer.host(1, f"{1:032x}", "web-1")
        writer.add_rollups(1, schema_of("a", "b", "c"), *roll_up(t, values, MINUTE_MS))
        writer.finish()
    whole = path.read_bytes()
    right = _read(path)
    chance = random.Random(7)  # noqa: S311 - places to damage
    found = 0
    for place in chance.sample(range(len(whole)), 400):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
        try:
            assert _read(damaged) == right
        except (SegmentDamagedError, SegmentVersionError):
            found += 1
    assert found


def test_a_row_that_says_more_than_is_ever_written_is_damage() -> None:
    """A few bytes that stand for gigabytes are refused before there is memory for them."""
    body = bytearray(pack_row([even(2)], (), [b""] * 8))
    _, length, _, series, gaps = struct.unpack_from("<5I", body)
    struct.pack_into("<4I", body, 4, length, 1 << 24, series, gaps)
    struct.pack_into("<I", body, 0, zlib.crc32(body[4 : 20 + length]))
    with pytest.raises(DamagedColumnError, match="larger than any"):
        read_prelude(lambda start, size: bytes(body[start : start + size]), times=1)


@pytest.mark.parametrize("length", [0, 10, 4096, 5000, -1])
def test_a_file_that_ends_early_is_damaged(length: int, tmp_path: Path) -> None:
    """A file without its end is refused when it is opened."""
    write_ticks(tmp_path / "segment", even(5000), np.random.default_rng(1).random((4, 5000)))
    content = (tmp_path / "segment").read_bytes()
    (tmp_path / "segment").write_bytes(content[:length])
    with pytest.raises(SegmentDamagedError):
        SegmentFile.open(tmp_path / "segment")


def test_another_database_is_no_segment(tmp_path: Path) -> None:
    """A database of another program, and a file that is none, are refused."""
    apsw.Connection(str(tmp_path / "other")).execute("CREATE TABLE a (b)")
    (tmp_path / "text").write_text("no database" * 1000)
    for name in ("other", "text", "missing"):
        with pytest.raises(SegmentDamagedError):
            SegmentFile.open(tmp_path / name)


def test_a_later_format_is_no_damage(tmp_path: Path) -> None:
    """A file of a later release is told from a damaged one."""
    write_ticks(tmp_path / "segment", even(2), np.ones((1, 2)))
    connection = apsw.Connection(str(tmp_path / "segment"))
    connection.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    connection.close()
    with pytest.raises(SegmentVersionError, match="format 99"):
        SegmentFile.open(tmp_path / "segment")


def test_files_of_the_first_format_are_read() -> None:
    """A file that an earlier release wrote is read as it was meant."""
    with SegmentFile.open(GOLDEN) as file:
        file.check()
        [row] = file.rows(1)
        found = row.ticks()
    assert found.t.tolist() == even(3).tolist()
    assert [series.attributes for series in found.schema.schema.series] == [
        (("system.device", "0"),),
        (("system.device", "1"),),
    ]


def test_the_golden_file_holds_what_was_written() -> None:
    """Its values are these, to the bit."""
    with SegmentFile.open(GOLDEN) as file:
        [row] = file.rows(1)
        assert bits(row.ticks().all()) == bits(np.array([[1.0, 2.0, 4.0], [0.25, np.nan, -0.0]]))


def test_minutes_of_the_first_format_are_read() -> None:
    """A constant, a counter, a gauge, whole numbers, infinities and a series without values are read as they were."""
    with SegmentFile.open(GOLDEN_MINUTES) as file:
        file.check()
        [row] = file.rows(1)
        found = row.rollups()
        stats = found.read(np.arange(6))
    assert (found.t - DAY).tolist() == [0, 60_000, 120_000]
    assert (found.last_ms - DAY).tolist() == [50_000, 110_000, 170_000]
    assert stats.count.tolist() == [*[[6.0, 6.0, 6.0]] * 4, [3.0, 0.0, 6.0], [0.0, 0.0, 0.0]]
    assert stats.last[:4].tolist() == [[7.0] * 3, [700.0, 1300.0, 1900.0], [6.0, 0.0, 6.0], [2.0, 3.0, 4.0]]
    assert stats.minimum[1:4].tolist() == [[200.0, 700.0, 1300.0], [0.0, 0.0, 0.0], [2.0, 2.0, 3.0]]
    assert stats.maximum[1:4].tolist() == [[700.0, 1300.0, 1900.0], [7.5, 6.0, 7.5], [2.0, 3.0, 4.0]]
    assert bits(stats.last[4]) == bits(np.array([np.inf, np.nan, -np.inf]))


def _read(path: Path) -> list[list[int]]:
    """Read everything of a file of one host: times, series, values."""
    with SegmentFile.open(path) as file:
        file.check()
        found = []
        for row in file.rows(1):
            if file.kind is Kind.RAW:
                ticks = row.ticks()
                found += [ticks.t.tolist(), bits(ticks.all())]
            else:
                rollups = row.rollups()
                stats = rollups.read(np.arange(len(rollups.schema.schema.series)))
                arrays = (stats.minimum, stats.maximum, stats.total, stats.count, stats.last)
                found += [rollups.t.tolist(), rollups.last_ms.tolist(), *map(bits, arrays)]
        return found
