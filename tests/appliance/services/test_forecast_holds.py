"""Whether a month weighs what was foretold, with real segments."""

from pathlib import Path

import pytest

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.segments import Kind
from tests.support.simulated_months import Months

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize(
    "retention",
    [RetentionSettings(raw_days=365), RetentionSettings(raw_days=10, minute_days=100)],
    ids=["growing", "expiring"],
)
def test_a_month_weighs_what_was_foretold(tmp_path: Path, retention: RetentionSettings) -> None:
    """After a month of merging and expiring, ticks, minutes and the sum weigh what was said, within a tenth."""
    with Months.begun(tmp_path, retention, hosts=3, width=40, seal_hours=8) as months:
        months.pass_days(5)
        foretold = months.storage.forecast(30).points[-1]
        months.pass_days(30)
        weighed = months.weighed()
    for kind in (Kind.RAW, Kind.MINUTE):
        assert getattr(foretold, kind) == pytest.approx(weighed[kind], rel=0.1), kind
    assert foretold.total - foretold.head == pytest.approx(sum(weighed.values()), rel=0.1)


def test_a_bound_of_bytes_holds_as_foretold(tmp_path: Path) -> None:
    """A kind that has reached its bytes stays just below them, by a day at most."""
    with Months.begun(tmp_path, RetentionSettings(raw_bytes=1_500_000)) as months:
        months.pass_days(4)
        foretold = months.storage.forecast(15).points[-1]
        months.pass_days(15)
        weighed = months.weighed()[Kind.RAW]
    assert foretold.raw == 1_500_000
    assert weighed == pytest.approx(1_500_000, rel=0.1)
    assert weighed <= 1_500_000
