"""What an export is made of."""

import pytest

from sysmon_appliance.domain.segments import DAY_MS, Kind
from sysmon_appliance.domain.series_index import SeriesIndex
from sysmon_appliance.domain.series_search import Holding, Holdings
from sysmon_appliance.services.exporting import Exporter, ExportQuery
from sysmon_appliance.services.ranges import Ranges
from tests.support.head import ListHead, NoSegments, host, series

DAY = 20_000
NOON = DAY * DAY_MS + DAY_MS // 2
YEARS = 3650
WRITES, READS, LOAD = (
    series("system.disk.io", direction="write"),
    series("system.disk.io", direction="read"),
    series("system.cpu.load_average.1m"),
)


def held() -> Holdings:
    """Two hosts with the same three series."""
    index = SeriesIndex()
    numbers = index.add((WRITES, READS, LOAD))
    return Holdings(index.view(), [Holding(host(key), (1,), numbers) for key in (1, 2)])


def query(*match: str, days: int = 1, level: Kind = Kind.RAW) -> ExportQuery:
    return ExportQuery(match, None, NOON, NOON + days * DAY_MS, level)


def exporter(reach: tuple[int, int] = (0, 1 << 53)) -> Exporter:
    """An exporter of hosts of which each has its first and last tick at these times."""
    return Exporter(Ranges(ListHead(), NoSegments()), lambda _: reach)


def test_steps_are_of_a_metric_and_meet_at_whole_days() -> None:
    """Metric by metric and host by host, steps cover the time without a gap and end where days do."""
    steps = list(exporter().steps(held, query("system.disk.io")))
    assert [(step.host.key, step.series) for step in steps] == [
        (key, frozenset({WRITES, READS})) for key in (1, 1, 2, 2)
    ]
    assert [(step.from_ms, step.to_ms) for step in steps[:2]] == [
        (NOON, (DAY + 1) * DAY_MS - 1),
        ((DAY + 1) * DAY_MS, NOON + DAY_MS),
    ]


@pytest.mark.parametrize("level", [Kind.RAW, Kind.MINUTE, Kind.HOUR])
@pytest.mark.parametrize("days", [0, 1, 30, 31, 800])
def test_steps_are_counted_before_they_are_made(level: Kind, days: int) -> None:
    """The number that a bar of progress needs is that of the steps that come."""
    steps = exporter().steps(held, query(days=days, level=level))
    assert len(steps) == len(list(steps))


def test_years_of_steps_are_made_one_by_one() -> None:
    """Whoever asks for ten years of everything gets the first step without the others."""
    steps = iter(exporter().steps(held, query(days=YEARS)))
    assert next(steps).from_ms == NOON


def test_years_in_which_a_host_sent_nothing_are_left_out() -> None:
    """Only the days on which a host has sent something, and one more on both sides, have steps."""
    first_ms = NOON + 50 * DAY_MS
    steps = list(exporter((first_ms, first_ms + 1000)).steps(held, query("system.cpu.load_average.1m", days=YEARS)))
    assert len(steps) == 2 * 3
    assert (steps[0].from_ms, steps[2].to_ms) == (first_ms - DAY_MS, first_ms + 1000 + DAY_MS)
    assert not list(exporter((0, 1000)).steps(held, query(days=YEARS)))
