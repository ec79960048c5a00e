"""Which level of detail is read of which day."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.domain.levels import Reading, level_for
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.ticks import StoredRollups, StoredRow, StoredTicks


@dataclass(frozen=True)
class DayRow:
    """A StoredRow of some days, which nobody reads."""

    first: int
    last: int
    arrival: int = 0

    @property
    def start_ms(self) -> int:
        return self.first * DAY_MS

    @property
    def end_ms(self) -> int:
        return self.last * DAY_MS + HOUR_MS

    def ticks(self) -> StoredTicks:
        raise AssertionError

    def rollups(self) -> StoredRollups:
        raise AssertionError

    def table(self) -> StoredTable:
        raise AssertionError


@dataclass(frozen=True)
class DayRows:
    """The HostSegments of one host; `others` are days of which there are segments, though not of this host.

    Of the days in `damaged`, something of a kind cannot be read.
    """

    held: dict[Kind, list[tuple[int, int]]]
    others: frozenset[int] = frozenset()
    damaged: dict[Kind, frozenset[int]] = field(default_factory=dict)

    def rows(self, kind: Kind, *, merged: bool) -> Sequence[StoredRow]:
        assert merged
        return [DayRow(*days) for days in self.held.get(kind, [])]

    def days(self, kind: Kind) -> frozenset[int]:
        own = {day for first, last in self.held.get(kind, []) for day in range(first, min(last + 1, 1000))}
        return self.others | own

    def torn(self, kind: Kind) -> frozenset[int]:
        return self.damaged.get(kind, frozenset())


def read(held: DayRows, wanted: Kind, days: range = range(10)) -> dict[int, Kind]:
    """Say what is read of each day."""
    return {day: each.kind for each in Reading.of(held, wanted, days).sources for day in each.days}


@pytest.mark.parametrize(
    ("hours", "level"),
    [(1, Kind.RAW), (22, Kind.RAW), (24, Kind.MINUTE), (399, Kind.MINUTE), (400, Kind.HOUR), (87_600, Kind.HOUR)],
)
def test_the_level_follows_from_the_points(hours: int, level: Kind) -> None:
    """Ticks are read while there are ten for a point, and hours as soon as there is one for each pixel."""
    assert level_for(Window(0, hours * HOUR_MS, 800), interval_ms=10_000) is level


def test_every_day_at_the_level_wanted() -> None:
    """Where what is wanted is kept, nothing else is looked at."""
    assert read(DayRows({Kind.RAW: [(0, 0), (1, 1)], Kind.MINUTE: [(0, 5)]}), Kind.RAW, range(2)) == {
        0: Kind.RAW,
        1: Kind.RAW,
    }


def test_older_days_by_what_is_kept_of_them() -> None:
    """Days whose ticks have expired are read by the minute, and older ones by the hour."""
    held = DayRows({Kind.RAW: [(4, 4)], Kind.MINUTE: [(2, 3), (4, 4)], Kind.HOUR: [(0, 4)]})
    assert read(held, Kind.RAW) == {0: Kind.HOUR, 1: Kind.HOUR, 2: Kind.MINUTE, 3: Kind.MINUTE, 4: Kind.RAW}
    assert Reading.of(held, Kind.RAW, range(10)).coarse_days == {
        0: Kind.HOUR,
        1: Kind.HOUR,
        2: Kind.MINUTE,
        3: Kind.MINUTE,
    }


def test_finer_rows_stand_in_for_segments_that_are_not_there() -> None:
    """Where there are no rollups of a day at all they are made of what is finer."""
    held = DayRows({Kind.HOUR: [(0, 0)], Kind.MINUTE: [(0, 1)], Kind.RAW: [(0, 0), (1, 1), (2, 2)]})
    assert read(held, Kind.HOUR) == {0: Kind.HOUR, 1: Kind.MINUTE, 2: Kind.RAW}
    assert Reading.of(held, Kind.HOUR, range(10)).coarse_days == {}


def test_a_silent_host_is_not_looked_for_in_finer_segments() -> None:
    """A host that is not in the segments of a day was silent, so no other file is fetched for it."""
    held = DayRows({Kind.MINUTE: [(1, 1)], Kind.RAW: [(1, 1)]}, others=frozenset({1}))
    assert read(held, Kind.HOUR) == {}


def test_what_is_left_of_a_damaged_day_does_not_pass_for_all_of_it() -> None:
    """Where a segment cannot be read, a day is read at another level, and what is left only if there is none."""
    everywhere = {kind: [(0, 0), (1, 1)] for kind in (Kind.RAW, Kind.MINUTE, Kind.HOUR)}
    torn = frozenset({0})
    assert read(DayRows(everywhere, damaged={Kind.HOUR: torn}), Kind.HOUR) == {0: Kind.MINUTE, 1: Kind.HOUR}
    assert read(DayRows(everywhere, damaged={Kind.RAW: torn}), Kind.RAW) == {0: Kind.MINUTE, 1: Kind.RAW}
    late = {Kind.HOUR: [(0, 0)]}
    assert read(DayRows(late, damaged={Kind.HOUR: torn, Kind.MINUTE: torn}), Kind.HOUR) == {0: Kind.HOUR}


def test_a_row_that_reaches_over_thousands_of_years_is_read_for_the_days_that_are_asked_for() -> None:
    """What a wrong clock has scattered costs no more than its part of the question."""
    held = DayRows({Kind.HOUR: [(0, 1 << 40)]})
    assert read(held, Kind.HOUR) == dict.fromkeys(range(10), Kind.HOUR)
    [source] = Reading.of(held, Kind.HOUR, range(10)).sources
    assert not source.has_all_of(source.rows[0])
