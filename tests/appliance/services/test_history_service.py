import numpy as np
import pytest

from sysmon_agent.wire.messages import Attributes, Gap, GapReason
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.charts import Label
from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.errors import BadRequestError, NotFoundError
from sysmon_appliance.services.history import MAX_SERIES, Answer, History, RangeQuery, is_counter
from tests.support.clock import ManualClock
from tests.support.head import START_MS, ListHead, NoSegments, batch, host, machine, schema, series

NAN = float("nan")
HOST = host()
READ = series("system.disk.io", system__device="sda", disk__io__direction="read")
WRITE = series("system.disk.io", system__device="sda", disk__io__direction="write")
OTHER = series("system.disk.io", system__device="sdb", disk__io__direction="read")
KNOWN = schema(READ, WRITE, OTHER)


def second(number: float) -> int:
    return START_MS + round(number * 1000)


def ticks(*numbers: float, growth: tuple[float, float, float] = (1.0, 2.0, 4.0)) -> StoredBatch:
    """Make a batch of ticks whose counters grow so much per second."""
    return batch(KNOWN, [(second(n), [n * each for each in growth]) for n in numbers])


def query(
    start: float = 0,
    end: float = 100,
    *,
    metric: str = "system.disk.io",
    by: tuple[str, ...] | None = None,
    chosen: dict[str, frozenset[str]] | None = None,
    rated: bool = True,
    points: int = 800,
) -> RangeQuery:
    return RangeQuery(metric, Window(second(start), second(end), points), chosen or {}, by, rated)


def history(*batches: StoredBatch, now: float = 100_000) -> History:
    return History(ListHead(list(batches)), NoSegments(), ManualClock(wall_ms=second(now)))


def read(wanted: RangeQuery, *batches: StoredBatch) -> Answer[Attributes]:
    return history(*batches).range(HOST, wanted)


def rows(answer: Answer[Attributes]) -> dict[Attributes, list[float]]:
    return dict(zip(answer.lines.labels, answer.lines.points.values.tolist(), strict=True))


def seconds(answer: Answer[Attributes]) -> list[float]:
    return [(t - START_MS) / 1000 for t in answer.lines.points.t.tolist()]


def test_counters_are_rates() -> None:
    """A range of a counter is its rate per second, and the first tick has none."""
    answer = read(query(), ticks(0, 10), ticks(20))
    assert seconds(answer) == [0, 10, 20]
    np.testing.assert_array_equal(rows(answer)[READ.attributes], [NAN, 1.0, 1.0])


def test_the_tick_before_the_range_gives_the_first_rate() -> None:
    """When there are ticks before the range, its first tick has a rate too, and they are not shown."""
    answer = read(query(start=10), ticks(0, 10), ticks(20))
    assert seconds(answer) == [10, 20]
    assert rows(answer)[READ.attributes] == [1.0, 1.0]


def test_counters_as_they_count() -> None:
    """A counter's own values are given when asked for."""
    assert rows(read(query(rated=False), ticks(0, 10)))[WRITE.attributes] == [0.0, 20.0]


def test_sums_by_an_attribute() -> None:
    """Series are summed over all attributes but those named."""
    found = rows(read(query(start=10, by=("disk.io.direction",)), ticks(0, 10)))
    assert found == {(("disk.io.direction", "read"),): [5.0], (("disk.io.direction", "write"),): [2.0]}


def test_one_sum_over_everything() -> None:
    """Naming no attribute sums everything into one series."""
    assert rows(read(query(start=10, by=()), ticks(0, 10))) == {(): [7.0]}


def test_choosing_by_attributes() -> None:
    """Only series with the wanted attributes are given; several values of one are alternatives."""
    chosen = {"disk.io.direction": frozenset({"read"}), "system.device": frozenset({"sda", "sdc"})}
    assert list(rows(read(query(chosen=chosen), ticks(0, 10)))) == [READ.attributes]


def test_ticks_out_of_order_and_twice() -> None:
    """Ticks that arrived late are put in order, and of two at one time one is given."""
    answer = read(query(rated=False), ticks(0, 30), ticks(10, 20, 30), ticks(20))
    assert seconds(answer) == [0, 10, 20, 30]
    assert rows(answer)[READ.attributes] == [0.0, 10.0, 20.0, 30.0]


def test_a_gap_is_a_null_with_a_reason() -> None:
    """Where ticks are missing there is a null, so that no line is drawn, and the reason is given."""
    late = batch(KNOWN, [(second(80), (1.0, 1.0, 1.0))], skipped=(Gap(2, 8, GapReason.HOST_DOWN),))
    answer = read(query(rated=False), ticks(0), late)
    assert seconds(answer) == [0, 40, 80]
    assert np.isnan(rows(answer)[READ.attributes][1])
    assert [(gap.from_ms, gap.to_ms, gap.reason) for gap in answer.gaps] == [
        (second(0), second(80), GapReason.HOST_DOWN)
    ]


def test_silence_until_now_is_a_gap() -> None:
    """Where a host is silent, the time since its last tick is a gap whose reason is not known yet."""

    def gaps(end: float, now: float) -> list[tuple[int, int]]:
        answer = history(ticks(0, 10), now=now).range(HOST, query(end=end))
        return [(gap.from_ms, gap.to_ms) for gap in answer.gaps if gap.reason is GapReason.UNKNOWN]

    assert gaps(end=100, now=100) == [(second(10), second(100))]
    assert gaps(end=500, now=100) == [(second(10), second(100))]
    assert gaps(end=35, now=35) == []
    assert gaps(end=100, now=5000) == []


def test_a_series_that_comes_later() -> None:
    """A series that the host got in the middle of the range has no values before."""
    early = batch(schema(READ, key=2), [(second(0), (0.0,)), (second(10), (10.0,))])
    found = rows(read(query(rated=False), early, ticks(20)))
    assert found[READ.attributes] == [0.0, 10.0, 20.0]
    np.testing.assert_array_equal(found[OTHER.attributes], [NAN, NAN, 80.0])


def test_many_ticks_become_few_points() -> None:
    """However many ticks there are, about as many points are given as were asked for, in order, extremes kept."""
    count = 20_000
    values = np.random.default_rng(3).random(count)
    peak = int(values.argmax())
    known = schema(series("system.uptime"))
    batches = [batch(known, [(second(2 * n), (values[n],))]) for n in range(count)]
    answer = read(query(end=2 * count, metric="system.uptime", rated=False, points=500), *batches)
    points = answer.lines.points
    assert 490 <= len(points.t) <= 500
    assert (np.diff(points.t) > 0).all()
    assert points.values.max() == values[peak]
    assert not answer.gaps


def test_a_schema_that_keeps_changing() -> None:
    """A host whose series change with every tick gives no more points than any other."""
    schemas = [schema(READ, series("hw.temperature", hw__id=str(key)), key=key) for key in (1, 2)]
    batches = [batch(schemas[n % 2], [(second(2 * n), (2.0 * n, 40.0))]) for n in range(3000)]
    points = read(query(end=6000, points=100), *batches).lines.points
    assert len(points.t) <= 100
    np.testing.assert_allclose(points.values[0][1:], 1.0)


def test_nothing_in_the_range() -> None:
    """A range without ticks is empty."""
    answer = read(query(start=500, end=600), ticks(0))
    assert (seconds(answer), rows(answer), answer.gaps) == ([], {}, ())


def test_an_unknown_metric() -> None:
    """A metric that is not in the table of names is refused."""
    with pytest.raises(NotFoundError, match=r"no metric 'system\.nonsense'"):
        read(query(metric="system.nonsense"))


def test_too_many_series() -> None:
    """An answer of too many series is refused with the way to make them fewer."""
    lines = [series("hw.temperature", hw__id=str(number)) for number in range(MAX_SERIES + 1)]
    many = batch(schema(*lines), [(second(0), [1.0] * len(lines))])
    with pytest.raises(BadRequestError, match="sum them with `by`"):
        read(query(metric="hw.temperature"), many)
    assert len(rows(read(query(metric="hw.temperature", by=()), many))) == 1
    halves = [
        batch(schema(*half, key=key), [(second(key), [1.0] * len(half))])
        for key, half in ((1, lines[:600]), (2, lines[600:]))
    ]
    with pytest.raises(BadRequestError, match="1001 series"):
        read(query(metric="hw.temperature"), *halves)


def test_all_charts_in_one_pass() -> None:
    """All charts of a host share their times."""
    known = schema(*machine())
    count = len(known.schema.series)
    batches = [batch(known, [(second(10 * n), [float(10 * n)] * count)]) for n in range(5)]
    answer = history(*batches).charts(HOST, Window(second(5), second(100), 800))
    shown = dict(zip(answer.lines.labels, answer.lines.points.values.tolist(), strict=True))
    assert len(answer.lines.points.t) == 4
    assert shown[Label("disk_io", "sda read")] == [1.0] * 4
    assert shown[Label("cpu", "user")] == [0.125] * 4


def test_counters_are_told_from_gauges() -> None:
    """Only counters become rates."""
    assert is_counter("system.disk.io")
    assert not is_counter("system.uptime")
    assert not is_counter("system.nonsense")
