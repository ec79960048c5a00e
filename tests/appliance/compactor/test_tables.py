"""From tables of batches to rows of segments, and who did it told from them."""

from collections.abc import Callable, Sequence

import pytest

from sysmon_agent.wire.messages import Schema, Series, TableRows, TableSchema
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level
from sysmon_appliance.segments.files import Row
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.services.processes import ProcessHistory, TableAnswer, TopAnswer, TopQuery
from tests.support.head import host
from tests.support.live import commit
from tests.support.process_tables import TABLE, row, rows
from tests.support.storekeeping import STEP_MS, Sender, Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
UNITS = TableSchema.of("units", (("name", True), ("restarts", False)))
SCHEMA = Schema((Series("system.uptime"),), (TABLE,))


def tables(first: int, count: int) -> TableRows:
    """Make the tables of some ticks: of three processes one changes at every tick."""
    return rows(*([row(1, cpu=0.5), row(2, read=100.0), row(n)] for n in range(first + 100, first + 100 + count)))


def send(sender: Sender, start_ms: int, count: int, *, together: int = 4) -> None:
    """Send ticks with tables, so many in a batch."""
    times = every(start_ms, count)
    for first in range(0, count, together):
        part = times[first : first + together]
        sender.send(part, tables=(tables(first, len(part)),))


def processes(store: Store, report_damage: Callable[[str], None] = pytest.fail) -> ProcessHistory:
    reader = SegmentReader(store.database.manifest, store.shelf, report_damage)
    store.files.callback(reader.close)
    return ProcessHistory(store.database.head, reader)


def told(store: Store, moments: Sequence[int]) -> tuple[TopAnswer, list[TableAnswer]]:
    """Ask all that can be asked."""
    history, asked = processes(store), host(1)
    top = history.top(asked, TopQuery(DAY - DAY_MS, DAY + DAY_MS, Ranking.CPU, limit=200))
    return top, [history.at(asked, at_ms) for at_ms in moments]


def seal(store: Store) -> None:
    store.side.keeper.seal_soon()
    store.run(1)


def starts(found: Sequence[Row]) -> list[int]:
    return [each.start_ms for each in found]


def test_sealing_and_merging_change_no_answer(store: Store) -> None:
    """Who did it is answered alike out of the head, out of sealed segments and out of those of a day."""
    sender = store.sender(schema=SCHEMA)
    moments = [DAY + HOUR_MS - 1, DAY + HOUR_MS + 5 * STEP_MS + 1, DAY + 9 * HOUR_MS]
    send(sender, DAY + HOUR_MS - 7 * STEP_MS, 20)
    in_head = told(store, moments)
    assert in_head[0].ticks == 20
    assert [answer.at_ms for answer in in_head[1]] == [
        DAY + HOUR_MS - STEP_MS,
        DAY + HOUR_MS + 5 * STEP_MS,
        DAY + HOUR_MS + 12 * STEP_MS,
    ]
    seal(store)
    assert told(store, moments) == in_head
    store.clock.advance(DAY_MS / 1000)
    store.run()
    assert [segment.level for segment in store.segments(Kind.TABLES)] == [Level.DAY]
    assert told(store, moments) == in_head


def test_every_hour_has_a_row(store: Store) -> None:
    """So a moment costs the reading of no more than an hour."""
    send(store.sender(schema=SCHEMA), DAY + HOUR_MS - 2 * STEP_MS, 400)
    seal(store)
    assert starts(store.rows(1, Kind.TABLES)) == [DAY + HOUR_MS - 2 * STEP_MS, DAY + HOUR_MS, DAY + 2 * HOUR_MS]


def test_an_hour_that_was_sealed_in_pieces_becomes_one_row(store: Store) -> None:
    """Merging a day brings pieces of an hour together, late ones included, and leaves whole hours as they are."""
    sender = store.sender(schema=SCHEMA)
    send(sender, DAY + 3 * STEP_MS, 5)
    send(sender, DAY + HOUR_MS, 5)
    seal(store)
    send(sender, DAY, 4)
    seal(store)
    whole = store.rows(1, Kind.TABLES)[-1].body()
    before = told(store, [])
    store.clock.advance(DAY_MS / 1000)
    store.run()
    first, second = store.rows(1, Kind.TABLES)
    assert first.table().t.tolist() == every(DAY, 8)
    assert second.body() == whole
    assert told(store, []) == before


def test_head_and_segments_are_one_account(store: Store) -> None:
    """What is sealed and what is not are added up together."""
    sender = store.sender(schema=SCHEMA)
    send(sender, DAY, 6)
    seal(store)
    send(sender, DAY + 6 * STEP_MS, 6)
    top, [answer] = told(store, [DAY + HOUR_MS])
    assert answer.at_ms == DAY + 11 * STEP_MS
    assert top.ticks == 12
    assert [(use.pid, use.cpu_seconds) for use in top.processes[:1]] == [(1, 60.0)]


def test_a_damaged_segment_is_left_out(store: Store) -> None:
    """Who did it is answered from what is whole, and the damage is told."""
    sender = store.sender(schema=SCHEMA)
    for hour in (0, 1):
        send(sender, DAY + hour * HOUR_MS, 6)
        seal(store)
    damaged = store.segments(Kind.TABLES)[1]
    file = store.shelf.path(damaged)
    content = bytearray(file.read_bytes())
    content[content.index(store.rows(1, Kind.TABLES)[1].body()) + 100] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    reported: list[str] = []
    history = processes(store, reported.append)
    assert history.at(host(1), DAY + 2 * HOUR_MS).at_ms == DAY + 5 * STEP_MS
    assert history.top(host(1), TopQuery(DAY, DAY + DAY_MS, Ranking.CPU, limit=1)).ticks == 6
    assert reported == [damaged.name]


def test_midnight_parts_files(store: Store) -> None:
    """Tables of two days are in two files, so that each day is merged by itself."""
    send(store.sender(schema=SCHEMA), DAY - 2 * STEP_MS, 4)
    seal(store)
    assert [segment.start_ms for segment in store.segments(Kind.TABLES)] == [DAY - 2 * STEP_MS, DAY]


def test_any_table_is_kept(store: Store) -> None:
    """Tables that are not of processes are sealed beside them, and do not get in their way."""
    sender = store.sender(schema=Schema((), (UNITS, TABLE)))
    units = TableRows((1, 2), (["ssh", "ssh", "cron"], [0.0, 1.0, 0.0]))
    sender.send(every(DAY, 2), tables=(units, tables(0, 2)))
    seal(store)
    found = {each.table().schema.name: each.table().rows for each in store.rows(1, Kind.TABLES)}
    assert found == {"units": 3, "processes": 6}
    assert told(store, [])[0].ticks == 2


def test_batches_without_tables_make_none(store: Store) -> None:
    """A host that lists no processes has no file of tables, and one that stopped for a while has the rest."""
    sender = store.sender(schema=SCHEMA)
    sender.send(every(DAY, 2))
    sender.send(every(DAY + HOUR_MS, 2), tables=(rows([], []),))
    seal(store)
    assert not store.segments(Kind.TABLES)
    sender.send(every(DAY + 2 * HOUR_MS, 2), tables=(rows([], [row(5)]),))
    seal(store)
    assert [segment.ticks for segment in store.segments(Kind.TABLES)] == [1]


def test_times_of_tables_are_corrected(store: Store) -> None:
    """The offset of a host whose clock is off is in its tables' times as in its ticks."""
    sender = store.sender(schema=SCHEMA)
    for count in (1, 3):
        row_of_batch = sender.batch(every(DAY + count * HOUR_MS, count), tables=(tables(0, count),), offset_ms=5000)
        assert commit(store.database, row_of_batch) is None
    seal(store)
    assert starts(store.rows(1, Kind.TABLES)) == [DAY + HOUR_MS + 5000, DAY + 3 * HOUR_MS + 5000]
