"""Points of a chart out of rollups."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.history import Line, LinePlan
from sysmon_appliance.domain.line_reader import LineReader
from sysmon_appliance.domain.rollup_stream import of_ticks
from sysmon_appliance.domain.segments import HOUR_MS, Kind
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.tick_stream import TickChunk
from tests.support.head import schema, series

START = 1_800_000_000_000 // HOUR_MS * HOUR_MS
STEP_MS = 60_000
KNOWN = schema(series("system.disk.io", system__device="a"), series("system.disk.io", system__device="b"))
Pairs = list[tuple[float, float]]


def lines(plan: LinePlan[str], values: Floats, gaps: tuple[TimeGap, ...] = ()) -> dict[str, Pairs]:
    """Roll a tick a minute up by the hour; return each line's points, in minutes since the start."""
    t = START + STEP_MS * np.arange(values.shape[1], dtype=np.int64)
    kept = ~np.isnan(values).all(axis=0)
    reader = LineReader(lambda _: plan, STEP_MS)
    chunk = of_ticks(TickChunk(KNOWN, t[kept], values[:, kept], gaps), Kind.HOUR)
    points = reader.read_rollups(chunk).points
    minutes = ((points.t - START) / STEP_MS).tolist()
    return {
        label: list(zip(minutes, row, strict=True))
        for label, row in zip(plan.labels, points.values.tolist(), strict=True)
    }


RATE = LinePlan.of([Line("rate", [0], rated=True)])
PLAIN = LinePlan.of([Line("plain", [0])])


def counted(*grown: float) -> Floats:
    """Make counters that begin at zero and grow by so much each minute; a negative number is a reset to zero."""
    counter, found = 0.0, []
    for each in grown:
        counter = counter + each if each >= 0 else 0.0
        found.append(counter)
    return np.array([found, found])


def test_a_plain_line_has_two_points_for_each_bucket() -> None:
    """A gauge shows the least and the greatest value of each hour, at its first moment and its last tick."""
    values = np.array([[5.0, 1.0, 9.0, *[8.0] * 57, 4.0, 2.0]] * 2)
    assert lines(PLAIN, values)["plain"] == [(0, 1.0), (59, 9.0), (60, 4.0), (61, 2.0)]


def test_sums_are_of_means() -> None:
    """Extremes of several series need not have met, so a sum is one of means."""
    plan = LinePlan.of([Line("sum", [0, 1]), Line("share", [0], [0, 1])])
    found = lines(plan, np.array([[1.0, 3.0], [7.0, 5.0]]))
    assert [value for _, value in found["sum"]] == [8.0]
    assert [value for _, value in found["share"]] == [0.25]


@given(st.lists(st.integers(0, 1000), min_size=121, max_size=300))
def test_a_rate_is_what_the_counter_grew_by(grown: list[int]) -> None:
    """The rate of each hour but the first is exactly its growth over its time."""
    values = counted(*grown)
    [first, *others] = lines(RATE, values)["rate"]
    assert np.isnan(first[1])
    for before, (minute, rate) in zip([first, *others], others, strict=False):
        growth = values[0, int(minute)] - values[0, int(before[0])]
        np.testing.assert_allclose(rate, growth / (60 * (minute - before[0])), rtol=1e-9)


def test_a_reset_costs_no_more_than_a_tick() -> None:
    """Across a reset a counter has grown by what it reached before and by what it reached since."""
    values = counted(*[10.0] * 90, -1, *[10.0] * 29)
    [_, (minute, rate)] = lines(RATE, values)["rate"]
    assert minute == 119
    np.testing.assert_allclose(rate, (300 + 290) / 3600)


def test_a_reset_between_buckets() -> None:
    """A counter that begins anew with the hour grew by what it reached since; a rate is never negative."""
    [_, (_, rate)] = lines(RATE, counted(*[10.0] * 60, -1, *[10.0] * 59))["rate"]
    np.testing.assert_allclose(rate, 590 / 3600)


def test_no_rate_across_a_silent_time() -> None:
    """After a time without ticks there is a break, and no rate across it."""
    values = counted(*[10.0] * 300)
    values[:, 40:100] = np.nan
    found = lines(RATE, values)["rate"]
    assert [minute for minute, _ in found] == [39, 119, 179, 239, 299]
    assert np.isnan(found[1][1])


def test_a_declared_gap_within_a_bucket_is_a_break() -> None:
    """A line is not drawn through a gap inside an hour, and begins where a gap ends that reaches into one."""
    within = TimeGap(START + 10 * STEP_MS, START + 30 * STEP_MS, GapReason.HOST_DOWN)
    into = TimeGap(START + 50 * STEP_MS, START + 70 * STEP_MS, GapReason.HOST_DOWN)
    values = np.ones((2, 120))
    values[:, 11:30] = values[:, 51:70] = np.nan
    reader = LineReader(lambda _: PLAIN, STEP_MS)
    t = START + STEP_MS * np.arange(120, dtype=np.int64)
    kept = ~np.isnan(values[0])
    points = reader.read_rollups(of_ticks(TickChunk(KNOWN, t[kept], values[:, kept], (within, into)), Kind.HOUR)).points
    assert ((points.t - START) // STEP_MS).tolist() == [0, 50, 70, 119]
    assert points.breaks.tolist() == [False, True, True, False]
