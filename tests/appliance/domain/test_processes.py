"""Summing up what processes used."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from sysmon_agent.names import STALE_NAN
from sysmon_appliance.domain import processes
from sysmon_appliance.domain.processes import ProcessUse, UseMeter
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.domain.tables import stored_tables
from tests.support.process_tables import TABLE, Row, row, rows

NAN = STALE_NAN  # as agents send what they do not know
INTERVAL_MS = 10_000


def meter(*pieces: tuple[Sequence[int], Sequence[Sequence[Row]]], by: Ranking = Ranking.CPU) -> UseMeter:
    """Hand tables over, each as (seconds, rows of each tick)."""
    made = UseMeter(INTERVAL_MS, by)
    for seconds, ticks in pieces:
        for table in stored_tables([(TABLE, 1000 * np.array(seconds, np.int64), rows(*ticks))]):
            made.add(table)
    return made


def pids(uses: Sequence[ProcessUse]) -> list[int]:
    return [use.pid for use in uses]


def test_shares_become_seconds() -> None:
    """A share of a core, times what passed since the tick before, is time on a processor."""
    [use] = meter(([10, 20, 25], [[row(cpu=0.5)], [row(cpu=1.0)], [row(cpu=2.0)]])).top(1)
    assert use.cpu_seconds == 5.0 + 10.0 + 10.0
    assert use.cpu_max == 2.0


def test_a_gap_counts_as_one_tick() -> None:
    """What passed without a table is not attributed to whoever is seen after it."""
    seconds = [*range(10, 100, 10), 5000]
    [use] = meter((seconds, [[row(cpu=1.0)]] * len(seconds))).top(1)
    assert use.cpu_seconds == 10.0 * len(seconds)


def test_time_goes_on_from_one_table_to_the_next() -> None:
    """The first tick of an hour stands for what passed since the last of the hour before."""
    [use] = meter(([10, 20], [[row(cpu=1.0)]] * 2), ([35], [[row(cpu=1.0)]])).top(1)
    assert use.cpu_seconds == 35.0


def test_a_pid_that_was_used_again_is_another_process() -> None:
    """Pid and start tell processes apart."""
    ticks = [[row(7, started=100.0, cpu=0.1)], [row(7, started=200.0, cpu=0.2)]]
    assert [use.started_seconds for use in meter(([10, 20], ticks)).top(9)] == [200.0, 100.0]


def test_the_top_by_memory_is_the_largest_ever() -> None:
    """By memory the peak counts, however short it was."""
    ticks = [[row(1, memory=50.0), row(2, memory=90.0)], [row(1, memory=60.0), row(2, memory=10.0)]]
    uses = meter(([10, 20], ticks), by=Ranking.MEMORY).top(9)
    assert [(use.pid, use.memory_max) for use in uses] == [(2, 90.0), (1, 60.0)]


def test_the_top_by_io_adds_reading_and_writing() -> None:
    """Rates times time are bytes; whose I/O may not be read comes last, and is not zero."""
    ticks = [[row(1, read=NAN, write=NAN), row(2, read=100.0, write=1.0), row(3, read=0.0, write=200.0)]]
    uses = meter(([10], ticks), by=Ranking.IO).top(9)
    assert pids(uses) == [3, 2, 1]
    assert (uses[1].read_bytes, uses[1].written_bytes) == (1000.0, 10.0)
    assert math.isnan(uses[2].read_bytes)


def test_what_is_not_known_at_one_tick_is_known_at_others() -> None:
    """The first tick after an agent's start has no shares; they are left out, and the rest counts."""
    ticks = [[row(cpu=NAN)], [row(cpu=1.0)]]
    [use] = meter(([10, 20], ticks)).top(1)
    assert (use.cpu_seconds, use.cpu_max) == (10.0, 1.0)
    [unknown] = meter(([10], ticks[:1]), ([20], ticks[:1])).top(1)
    assert math.isnan(unknown.cpu_seconds)
    [later] = meter(([10], ticks[:1]), ([20], ticks[1:])).top(1)
    assert (later.cpu_seconds, later.first_ms, later.last_ms) == (10.0, 10_000, 20_000)


def test_the_newest_name_counts() -> None:
    """A process that runs another program is shown by it, and by a command that could be read once."""
    ticks = [[row(name="sh", command="sh -c make")], [row(name="make", command="")]]
    for pieces in ([([10, 20], ticks)], [([10], ticks[:1]), ([20], ticks[1:])]):
        [use] = meter(*pieces).top(1)
        assert use.name == "make"
    assert use.command == "sh -c make"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many processes those far from the top are forgotten, and the top stays exact."""
    monkeypatch.setattr(processes, "MOST_PROCESSES", 20)
    pieces = [([10 * n], [[row(pid, cpu=pid / 100) for pid in (900, *range(30 * n, 30 * n + 30))]]) for n in range(9)]
    [first, *_] = meter(*pieces).top(5)
    assert first.pid == 900
    assert first.cpu_seconds == pytest.approx(9 * 9.0 * 10)


def test_pids_that_are_no_numbers_do_no_harm() -> None:
    """A table in which numbers are missing has rows all the same."""
    for pid in (NAN, float("inf"), -1.0, 1e300):
        [use] = meter(([10], [[row(pid=pid, started=NAN, cpu=1.0)]])).top(1)
        assert (use.pid, use.cpu_seconds) == (0, 10.0)


def test_infinities_do_no_harm() -> None:
    """What an agent measured wrongly spoils no more than its own process."""
    ticks = [[row(1, cpu=float("inf")), row(2, cpu=1.0)], [row(1, cpu=float("-inf")), row(2, cpu=1.0)]]
    first, second = meter(([10, 20], ticks)).top(9)
    assert (first.pid, first.cpu_seconds) == (2, 20.0)
    assert math.isnan(second.cpu_seconds)
