"""The past of a host reads the same wherever it lies: in the head, sealed, merged by day or by month."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sysmon_agent.wire.messages import Gap, GapReason, Schema, Series
from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.domain.rollup_stream import RollupChunk
from sysmon_appliance.domain.rollups import roll_up
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, HOUR_MS, MINUTE_MS, Kind, Level
from sysmon_appliance.domain.terms import Floats, Indexes
from sysmon_appliance.domain.tick_stream import TickChunk
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.services.history import History, RangeQuery
from sysmon_appliance.services.ranges import Ranges, Stretch
from tests.support.clock import ManualClock
from tests.support.head import host, series
from tests.support.storekeeping import Store, every

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS
MIDNIGHT = DAY + DAY_MS
LOAD = Series("system.cpu.load_average.1m")
READ = series("system.disk.io", system__device="sda", disk__io__direction="read")
WRITE = series("system.disk.io", system__device="sda", disk__io__direction="write")
SCHEMAS = (Schema((LOAD, READ)), Schema((WRITE, READ, LOAD)))
STAGES = ("head", "sealed", "day", "month")

Value = tuple[int, str]
"""A time, and the name of a series."""


def name(line: Series) -> str:
    return "".join([line.metric, *(value for _, value in line.attributes)])


def every_column(schema: KnownSchema) -> Indexes:
    return np.arange(len(schema.schema.series))


@dataclass
class Past:
    """What was sent of host 1, and a store that has it."""

    store: Store
    sent: dict[int, dict[str, float]]

    def advance(self, stage: str) -> None:
        """Bring what is stored one stage further."""
        match stage:
            case "sealed":
                self.store.side.keeper.seal_soon()
                self.store.run(1)
            case "day":
                self.wait(days=2)
                assert {one.level for one in self.store.segments()} == {Level.DAY}
            case "month":
                self.wait(days=40)
                assert {one.level for one in self.store.segments()} == {Level.MONTH}

    def wait(self, days: int) -> None:
        self.store.clock.advance(days * 86_400)
        self.store.run()

    def reader(self, reports: list[str] | None = None) -> SegmentReader:
        found = [] if reports is None else reports
        return SegmentReader(self.store.database.manifest, self.store.shelf, found.append)

    def history(self, reports: list[str] | None = None) -> History:
        return History(self.store.database.head, self.reader(reports), self.store.clock)

    def chunks(self, wanted: Kind) -> list[TickChunk | RollupChunk]:
        """Read everything at a level."""
        times = sorted(self.sent)
        stretch = Stretch(1, times[0], times[-1], BUCKET_MS.get(wanted, 0))
        with Ranges(self.store.database.head, self.reader()).chunks(stretch, wanted, every_column) as found:
            return list(found)


def random_past(store: Store, seed: int) -> Past:
    """Send some hours around midnight: irregular, late, doubled, with resets and numbers that are none."""
    random = np.random.default_rng(seed)
    past = Past(store, {})
    senders = [store.sender(1, schema) for schema in SCHEMAS]
    t = MIDNIGHT - 2 * HOUR_MS + np.cumsum(random.integers(500, 60_000, 400)).astype(np.int64)
    counters = np.cumsum(random.integers(0, 5000, (2, len(t))), axis=1) % 300_000.0
    pieces = np.split(np.arange(len(t)), np.unique(random.integers(1, len(t), 40)))
    order = sorted(range(len(pieces)), key=lambda place: place + random.integers(0, 8))
    by_place = [senders[int(chosen)] for chosen in random.integers(0, 2, len(pieces))]
    number = 1
    for place in [*order, *random.integers(0, len(pieces), 3).tolist()]:
        sender = by_place[place]
        values = {
            name(LOAD): random.choice(
                [0.5, 1.25, np.nan, np.inf, -np.inf], len(pieces[place]), p=[0.4, 0.3, 0.2, 0.05, 0.05]
            ),
            name(READ): counters[0, pieces[place]] + random.integers(2),
            name(WRITE): counters[1, pieces[place]],
        }
        sender.next = number
        lines = sender.schema.schema.series
        sender.send(t[pieces[place]].tolist(), np.array([values[name(line)] for line in lines]))
        number = sender.next
        for column, at_ms in enumerate(t[pieces[place]].tolist()):
            past.sent.setdefault(at_ms, {name(line): float(values[name(line)][column]) for line in lines})
    return past


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Three hours before midnight and three after, every ten seconds."""
    with Store.opened(tmp_path, ManualClock(wall_ms=MIDNIGHT + 4 * HOUR_MS)) as store:
        sender = store.sender(1, SCHEMAS[0])
        times = every(MIDNIGHT - 3 * HOUR_MS, 6 * 360)
        values = np.array([np.sin(np.arange(len(times))), 100.0 * np.arange(len(times))])
        for start in range(0, len(times), 60):
            sender.send(times[start : start + 60], values[:, start : start + 60])
        yield Past(store, {t: {name(LOAD): values[0, n], name(READ): values[1, n]} for n, t in enumerate(times)})


def query(metric: str, from_ms: int, to_ms: int, points: int = 800) -> RangeQuery:
    return RangeQuery(metric, Window(from_ms, to_ms, points), {}, None, rated=metric == READ.metric)


def values_of(chunks: list[TickChunk | RollupChunk]) -> dict[Value, float]:
    """Lay ticks out by time and series; each is there once."""
    found: dict[Value, float] = {}
    for chunk in chunks:
        assert isinstance(chunk, TickChunk)
        for line, row in zip(chunk.schema.schema.series, chunk.values.tolist(), strict=True):
            for t, value in zip(chunk.t.tolist(), row, strict=True):
                assert (t, name(line)) not in found
                found[t, name(line)] = value
    return {key: value for key, value in found.items() if not np.isnan(value)}


Statistics = dict[str, dict[Value, float]]


def statistics_of(chunks: list[TickChunk | RollupChunk]) -> Statistics:
    """Lay rollups out by statistic, bucket and series; each is there once."""
    found: Statistics = defaultdict(dict)
    for chunk in chunks:
        assert isinstance(chunk, RollupChunk)
        for place, line in enumerate(chunk.schema.schema.series):
            _add(found, name(line), chunk, place)
    return found


def _add(found: Statistics, line: str, chunk: RollupChunk, place: int) -> None:
    for bucket, start_ms in enumerate(chunk.t.tolist()):
        if chunk.stats.count[place, bucket]:
            for statistic in ("minimum", "maximum", "total", "count", "last"):
                assert (start_ms, line) not in found[statistic]
                found[statistic][start_ms, line] = float(getattr(chunk.stats, statistic)[place, bucket])


def rolled_up(past: Past, kind: Kind) -> Statistics:
    """Roll what was sent up, without a store."""
    times = sorted(past.sent)
    lines = Schema((LOAD, READ, WRITE))
    values: Floats = np.array([[past.sent[t].get(name(line), np.nan) for t in times] for line in lines.series])
    with np.errstate(invalid="ignore"):
        rolled = roll_up(np.array(times, np.int64), values, BUCKET_MS[kind])
    return statistics_of([RollupChunk(KnownSchema(1, b"", lines), kind, *rolled)])


@pytest.mark.parametrize("seed", range(4))
def test_ticks_are_the_same_at_every_stage(tmp_path: Path, seed: int) -> None:
    """Whatever a host sends, every tick is read once, in order, with its values; of two at one time the first."""
    with Store.opened(tmp_path, ManualClock(wall_ms=MIDNIGHT + DAY_MS // 2)) as store:
        past = random_past(store, seed)
        expected = {(t, line): v for t, row in past.sent.items() for line, v in row.items() if not np.isnan(v)}
        for stage in STAGES:
            past.advance(stage)
            chunks = past.chunks(Kind.RAW)
            assert np.diff(np.concatenate([chunk.t for chunk in chunks])).min() > 0, stage
            assert values_of(chunks) == expected, stage


@pytest.mark.parametrize("seed", range(4))
def test_rollups_are_the_same_at_every_stage(tmp_path: Path, seed: int) -> None:
    """Rollups are what the ticks say, whether they are made on the way or were kept: of hours exactly."""
    with Store.opened(tmp_path, ManualClock(wall_ms=MIDNIGHT + DAY_MS // 2)) as store:
        past = random_past(store, seed)
        for stage in STAGES:
            past.advance(stage)
            expected, found = rolled_up(past, Kind.HOUR), statistics_of(past.chunks(Kind.HOUR))
            for statistic in ("maximum", "count", "last"):
                assert found[statistic] == expected[statistic], (stage, statistic)
            for (t, line), low in expected["minimum"].items():
                kept = found["minimum"][t, line]
                assert kept == low if line == name(LOAD) else kept <= low, stage
            for key, total in expected["total"].items():
                if key[1] == name(LOAD):
                    assert found["total"][key] == pytest.approx(total, nan_ok=True), stage
            expected, found = rolled_up(past, Kind.MINUTE), statistics_of(past.chunks(Kind.MINUTE))
            assert found["count"] == expected["count"], stage
            for key, low in expected["minimum"].items():
                if key[1] == name(LOAD):
                    assert found["minimum"][key] <= low <= expected["maximum"][key] <= found["maximum"][key], stage


def rates_at(past: Past, points: int) -> tuple[Kind, dict[int, float]]:
    """Read the rates of the counter of a fixture's host over all that it has."""
    answer = past.history().range(host(), query(READ.metric, MIDNIGHT - 3 * HOUR_MS, MIDNIGHT + 3 * HOUR_MS, points))
    return answer.level, dict(zip(answer.lines.points.t.tolist(), answer.lines.points.values[0].tolist(), strict=True))


def test_rates_are_exact_at_every_level(past: Past) -> None:
    """A counter that grows evenly has the same rate however it is read, and whether it was merged or not."""
    for stage in STAGES[:3]:
        past.advance(stage)
        for points, level in ((800, Kind.RAW), (40, Kind.MINUTE), (12, Kind.HOUR)):
            found, rates = rates_at(past, points)
            assert found is level
            others = [rate for rate in rates.values() if not np.isnan(rate)]
            assert len(others) >= min(len(rates) - 1, 5)
            tolerance = 0.02 if level is Kind.MINUTE else 1e-9  # what is kept of a minute is rounded
            np.testing.assert_allclose(others, 10.0, rtol=tolerance)


def test_the_newest_ticks_are_in_every_answer(past: Past) -> None:
    """Whatever the level, an answer reaches to the last tick, though nothing of its day is merged."""
    past.advance("sealed")
    for points in (800, 40, 12):
        assert max(rates_at(past, points)[1]) == MIDNIGHT + 3 * HOUR_MS - 10_000


def test_a_gauge_keeps_its_extremes(past: Past) -> None:
    """However wide the window, the least and the greatest value of a gauge are in the answer."""
    for stage in STAGES[:3]:
        past.advance(stage)
        window = query(LOAD.metric, MIDNIGHT - 3 * HOUR_MS, MIDNIGHT + 3 * HOUR_MS, 12)
        answer = past.history().range(host(), window)
        assert answer.level is Kind.HOUR
        assert np.nanmax(answer.lines.points.values) == max(row[name(LOAD)] for row in past.sent.values())
        assert np.nanmin(answer.lines.points.values) == min(row[name(LOAD)] for row in past.sent.values())


def test_late_ticks_are_in_rollups_at_once(past: Past) -> None:
    """Ticks that arrive after their day was merged are in answers of every level before it is merged again."""
    past.advance("sealed")
    past.advance("day")
    sender = past.store.sender(1, SCHEMAS[0])
    sender.send([MIDNIGHT - 5000], np.array([[77.0], [215_900.0]]))
    for points in (800, 40, 12):
        answer = past.history().range(
            host(), query(LOAD.metric, MIDNIGHT - 3 * HOUR_MS, MIDNIGHT + 3 * HOUR_MS, points)
        )
        assert np.nanmax(answer.lines.points.values) == 77.0, answer.level


def break_file(past: Past, kind: Kind) -> list[str]:
    """Overwrite the segments of a kind; return their names."""
    names = [segment.name for segment in past.store.segments(kind)]
    for each in names:
        path = past.store.shelf.path(next(one for one in past.store.segments(kind) if one.name == each))
        path.write_bytes(path.read_bytes()[:100] + bytes(path.stat().st_size - 100))
    return names


@pytest.mark.parametrize(
    ("broken", "points", "level"),
    [
        ([Kind.RAW], 800, Kind.MINUTE),
        ([Kind.RAW, Kind.MINUTE], 800, Kind.HOUR),
        ([Kind.MINUTE], 40, Kind.MINUTE),
        ([Kind.MINUTE, Kind.RAW], 40, Kind.HOUR),
        ([Kind.HOUR], 12, Kind.HOUR),
        ([Kind.HOUR, Kind.MINUTE], 12, Kind.HOUR),
    ],
)
def test_damage_is_reported_and_the_rest_answers(past: Past, broken: list[Kind], points: int, level: Kind) -> None:
    """Where segments are damaged they are reported, and what they held is read at another level."""
    past.advance("sealed")
    past.advance("day")
    names = [each for kind in broken for each in break_file(past, kind)]
    reports: list[str] = []
    window = query(READ.metric, MIDNIGHT - 3 * HOUR_MS, MIDNIGHT + 3 * HOUR_MS, points)
    answer = past.history(reports).range(host(), window)
    assert sorted(reports) == sorted(names)
    assert answer.level is level
    rates = answer.lines.points.values[0]
    np.testing.assert_allclose(rates[~np.isnan(rates)], 10.0, rtol=0.02)
    assert answer.lines.points.t[-1] == MIDNIGHT + 3 * HOUR_MS - 10_000


def test_a_gap_is_one_at_every_level(tmp_path: Path) -> None:
    """Where ticks are missing the gap and its reason are in the answer, and no line is drawn through it."""
    with Store.opened(tmp_path, ManualClock(wall_ms=MIDNIGHT + DAY_MS // 2)) as store:
        past = Past(store, {})
        sender = store.sender(1, SCHEMAS[0])
        sender.send(every(MIDNIGHT, 360 * 5))
        back_ms = MIDNIGHT + 8 * HOUR_MS + 20 * MINUTE_MS
        sender.send(every(back_ms, 360 * 2), skipped=[Gap(1801, 3000, GapReason.HOST_DOWN)])
        for stage in STAGES[:3]:
            past.advance(stage)
            for points in (800, 100, 22):
                window = query(LOAD.metric, MIDNIGHT, MIDNIGHT + 11 * HOUR_MS, points)
                answer = past.history().range(host(), window)
                found = [(gap.from_ms, gap.to_ms, gap.reason) for gap in answer.gaps]
                assert found == [(MIDNIGHT + 5 * HOUR_MS - 10_000, back_ms, GapReason.HOST_DOWN)], (stage, answer.level)
                t, values = answer.lines.points.t, answer.lines.points.values[0]
                inside = (t > found[0][0]) & (t < back_ms)
                assert inside.any(), (stage, answer.level)
                assert np.isnan(values[inside]).all(), (stage, answer.level)
