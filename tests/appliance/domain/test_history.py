from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.history import Line, LinePlan
from sysmon_appliance.domain.line_reader import LineReader
from sysmon_appliance.domain.schemas import KnownSchema
from tests.support.head import START_MS, schema, series

NAN = float("nan")
A, B = series("system.disk.io", system__device="a"), series("system.disk.io", system__device="b")


def plan_of_each(known: KnownSchema) -> LinePlan[Series]:
    return LinePlan.of([Line(line, [number], rated=True) for number, line in enumerate(known.schema.series)])


def reader(interval_ms: int = 10_000) -> LineReader[Series]:
    return LineReader(plan_of_each, interval_ms)


def read(
    lines: LineReader[Series], known: KnownSchema, seconds: list[float], *values: list[float]
) -> tuple[np.ndarray, list[bool]]:
    t = np.array([START_MS + round(second * 1000) for second in seconds], np.int64)
    points = lines.read(known, t, np.array(values, np.float64)).points
    return points.values, points.breaks.tolist()


def test_rates_run_across_reads() -> None:
    """Rates take up where the ticks before ended; only the very first tick has none."""
    lines = reader()
    first, _ = read(lines, schema(A), [0, 10], [0.0, 50.0])
    second, _ = read(lines, schema(A), [20], [150.0])
    np.testing.assert_array_equal(first, [[NAN, 5.0]])
    np.testing.assert_array_equal(second, [[10.0]])


def test_rates_run_across_schemas() -> None:
    """A series that is in the old and the new schema keeps its rates, wherever it stands in them."""
    lines = reader()
    read(lines, schema(A, B, key=1), [0], [100.0], [7.0])
    values, _ = read(lines, schema(B, A, key=2), [10], [8.0], [300.0])
    np.testing.assert_array_equal(values, [[0.1], [20.0]])


def test_a_series_that_appears_has_no_rate_at_first() -> None:
    """A series that was not there before begins without a rate."""
    lines = reader()
    read(lines, schema(A, key=1), [0], [100.0])
    values, _ = read(lines, schema(A, B, key=2), [10], [100.0], [5.0])
    np.testing.assert_array_equal(values, [[0.0], [NAN]])


def test_no_rate_across_a_gap() -> None:
    """After more than three intervals without a tick there is a break, and no rate."""
    values, breaks = read(reader(), schema(A), [0, 30, 60.1], [0.0, 30.0, 60.0])
    np.testing.assert_array_equal(values, [[NAN, 1.0, NAN]])
    assert breaks == [False, False, True]


def test_a_gap_between_reads_is_seen() -> None:
    """A gap is noticed although the ticks around it are read one by one."""
    lines = reader()
    read(lines, schema(A), [0], [0.0])
    assert read(lines, schema(A), [100], [5.0])[1] == [True]


def test_a_longer_interval_in_the_past_is_no_gap() -> None:
    """Ticks that were collected at a longer interval than today's are not taken for gaps."""
    _, breaks = read(reader(interval_ms=2000), schema(A), [60.0 * n for n in range(10)], [1.0] * 10)
    assert not any(breaks)


def test_shares_and_sums() -> None:
    """A line may be a sum of series, or its share of another sum; a share of nothing has no value."""
    plan = LinePlan.of([Line("sum", [0, 1]), Line("share", [0], [0, 1]), Line("rate", [0], rated=True)])
    lines = LineReader(lambda _: plan, 10_000)
    t = np.array([START_MS, START_MS + 10_000], np.int64)
    points = lines.read(schema(A, B), t, np.array([[1.0, 0.0], [3.0, 0.0]])).points
    np.testing.assert_array_equal(points.values, [[4.0, 0.0], [0.25, NAN], [NAN, NAN]])


def test_a_plan_without_lines() -> None:
    """A schema that has nothing to show gives no lines."""
    nothing: LinePlan[str] = LinePlan.of([])
    lines = LineReader(lambda _: nothing, 10_000)
    assert lines.read(schema(A), np.array([START_MS]), np.array([[1.0]])).points.values.shape == (0, 1)


@given(steps=st.lists(st.integers(-3, 20), min_size=2, max_size=60), cuts=st.sets(st.integers(1, 59), max_size=8))
def test_the_cut_makes_no_difference(steps: list[int], cuts: set[int]) -> None:
    """The same ticks give the same rates however they are cut into batches."""
    values = np.cumsum(steps).astype(np.float64)[np.newaxis]
    t = START_MS + 10_000 * np.arange(len(steps), dtype=np.int64)
    whole = reader().read(schema(A), t, values).points.values
    lines = reader()
    edges = [0, *sorted(cut for cut in cuts if cut < len(steps)), len(steps)]
    pieces = [lines.read(schema(A), t[start:end], values[:, start:end]).points.values for start, end in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
