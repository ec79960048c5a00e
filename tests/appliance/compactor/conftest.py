"""A store with one host, on a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.domain.segments import DAY_MS
from tests.support.clock import ManualClock
from tests.support.storekeeping import Store

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.opened(tmp_path, ManualClock(wall_ms=DAY + DAY_MS // 2)) as opened:
        yield opened
