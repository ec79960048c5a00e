"""Who did it, told from the head; tests/appliance/compactor/test_tables.py tells it from segments too."""

from collections.abc import Sequence

from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.services.processes import ProcessHistory, TopAnswer, TopQuery
from tests.support.head import START_MS, ListHead, NoSegments, batch, host, schema, series
from tests.support.process_tables import TABLE, Row, row, rows

HOST = host()
UPTIME = series("system.uptime")
KNOWN = schema(UPTIME, tables=(TABLE,))
NAN = float("nan")


def second(number: float) -> int:
    return START_MS + round(number * 1000)


def stored(seconds: Sequence[float], *ticks: Sequence[Row]) -> StoredBatch:
    """Make one batch of ticks with their tables."""
    return batch(KNOWN, [(second(n), (0.0,)) for n in seconds], tables=(rows(*ticks),))


def processes(*batches: StoredBatch) -> ProcessHistory:
    return ProcessHistory(ListHead(list(batches)), NoSegments())


def top(*batches: StoredBatch, start: float = 0, end: float = 1000, by: Ranking = Ranking.CPU) -> TopAnswer:
    return processes(*batches).top(HOST, TopQuery(second(start), second(end), by, limit=10))


def test_the_process_table_of_a_moment() -> None:
    """The process table is that of the newest tick at or before the moment asked for, in its order."""
    history = processes(stored([0, 10, 20], [row(1)], [row(3), row(2)], [row(4)]))
    found = history.at(HOST, second(19))
    assert found.at_ms == second(10)
    assert found.columns == tuple(column.name for column in TABLE.columns)
    assert [each[:2] for each in found.rows] == [(3.0, "name-3"), (2.0, "name-2")]


def test_ticks_without_a_table_are_passed_over() -> None:
    """A tick at which processes could not be listed does not hide the table before it."""
    history = processes(stored([0, 10], [row(1)], []))
    assert history.at(HOST, second(15)).at_ms == second(0)


def test_an_older_process_table_is_found() -> None:
    """When a host has been silent, its last process table is still shown, for a day."""
    history = processes(stored([0], [row(1)]))
    assert history.at(HOST, second(7200)).at_ms == second(0)
    assert history.at(HOST, second(7200 * 24)).at_ms is None


def test_a_host_without_process_tables() -> None:
    """A host that sends no process table has an empty one, and nobody at the top."""
    bare = batch(schema(UPTIME), [(second(0), (0.0,))])
    found = processes(bare).at(HOST, second(10))
    assert (found.at_ms, found.rows) == (None, ())
    assert top(bare) == TopAnswer(0, [])


def test_tables_of_many_batches_are_one_account() -> None:
    """How ticks were cut into batches, and where an hour ends, changes no sum."""
    times = [3580.0, 3590.0, 3600.0, 3610.0]
    together = stored(times, *[[row(1, cpu=0.5)]] * 4)
    apart = [stored([each], [row(1, cpu=0.5)]) for each in times]
    assert top(together, end=5000) == top(*apart, end=5000)
    [use] = top(together, end=5000).processes
    assert (use.cpu_seconds, use.first_ms, use.last_ms) == (20.0, second(3580), second(3610))


def test_only_the_time_asked_for_counts() -> None:
    """Ticks before and after it are not summed up, even of the same batch."""
    answer = top(stored([0, 10, 20, 30], *[[row(1, cpu=1.0)]] * 4), start=10, end=20)
    assert (answer.ticks, answer.processes[0].cpu_seconds) == (2, 20.0)


def test_a_tick_that_came_twice_counts_once() -> None:
    """An agent that was rolled back and tells of a moment again adds nothing."""
    answer = top(stored([0, 10], *[[row(1, cpu=1.0)]] * 2), stored([10], [row(1, cpu=3.0)]))
    assert (answer.ticks, answer.processes[0].cpu_seconds) == (2, 20.0)


def test_a_column_that_an_older_agent_did_not_send_is_unknown() -> None:
    """Tables of other columns are summed up as far as they go, beside those of today."""
    older = type(TABLE)(TABLE.name, TABLE.columns[:6])
    filled = rows([row(1, cpu=1.0, memory=100.0)])
    filled = type(filled)(filled.rows_per_tick, filled.columns[:6])
    answer = top(batch(schema(UPTIME, tables=(older,)), [(second(0), (0.0,))], tables=(filled,)))
    [use] = answer.processes
    assert (use.name, use.command, use.cpu_seconds) == ("name-1", "", 10.0)
    assert use.read_bytes != use.read_bytes
