"""What expires of real segments, and what stays."""

from collections import Counter
from pathlib import Path

import pytest

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS, Kind, Level
from tests.support.simulated_months import BEGIN_MS, Months

pytestmark = pytest.mark.timeout(300)

STEP_MS = 300_000
RULES = RetentionSettings(raw_days=3, minute_days=5, rules=("name=host-1 raw=1y",))


def days_of(times: Counter[int]) -> list[int]:
    """List the days of which there is something, counted from the beginning."""
    return sorted({(t - BEGIN_MS) // DAY_MS for t in times})


def test_each_host_keeps_what_its_rule_says(tmp_path: Path) -> None:
    """A host that a rule keeps loses no tick while the others of its files do, and nothing is there twice."""
    with Months.begun(tmp_path, RULES, width=3, step_ms=STEP_MS) as months:
        months.pass_days(8)
        kept, others = months.store.times(1), months.store.times(2)
        minutes = {segment.start_ms // DAY_MS for segment in months.store.segments(Kind.MINUTE)}
    assert len(kept) == 8 * DAY_MS // STEP_MS
    assert set(kept.values()) == set(others.values()) == {1}
    assert days_of(others) == [5, 6, 7]
    assert min(minutes) == BEGIN_MS // DAY_MS + 3


def test_months_lose_their_days_bit_by_bit(tmp_path: Path) -> None:
    """Of files of a month, days that nobody keeps go before the month is over, and no other day does."""
    settings = RetentionSettings(raw_days=92)
    with Months.begun(tmp_path, settings, hosts=1, width=2, step_ms=8 * HOUR_MS, seal_hours=24) as months:
        months.pass_days(112)
        days = days_of(months.store.times(1))
        levels = Counter(segment.level for segment in months.store.segments())
    assert days[-1] == 111
    assert days == list(range(days[0], 112))
    assert 112 - 92 - 12 // 5 - 2 <= days[0] <= 112 - 92
    assert levels[Level.MONTH] >= 3
