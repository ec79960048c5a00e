"""What the fleet page shows after a start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.services.recent import RecentPast
from tests.support.clock import ManualClock
from tests.support.storekeeping import Store, every

NOW = 1_800_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
SPAN_MS = 600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.opened(tmp_path, ManualClock(wall_ms=NOW)) as opened:
        yield opened


def times(store: Store, host: int = 1) -> list[int]:
    reader = SegmentReader(store.database.manifest, store.shelf, lambda _: None)
    batches = RecentPast(store.database.head, reader, store.clock).batches(host, SPAN_MS)
    return [t for batch in batches for t in batch.wall_ms.tolist()]


def seal(store: Store) -> None:
    store.side.keeper.seal_soon()
    store.run(1)


def test_the_last_minutes_are_read_from_head_and_segments(store: Store) -> None:
    """Where the head was sealed a moment ago the rest of the last minutes comes from the segment."""
    sender = store.sender()
    sender.send(every(NOW - 2 * HOUR_MS, 700))
    seal(store)
    sender.send(every(NOW - 2 * HOUR_MS + 7_000_000, 20))
    newest_ms = NOW - 2 * HOUR_MS + 7_190_000
    assert times(store) == every(newest_ms - SPAN_MS, 61)


def test_the_newest_ticks_of_a_host_that_is_silent(store: Store) -> None:
    """A host of which nothing is in the head is shown as it was last, unless that is longer ago than a day."""
    store.sender().send(every(NOW - 2 * HOUR_MS, 100))
    seal(store)
    assert times(store) == every(NOW - 2 * HOUR_MS + 990_000 - SPAN_MS, 61)
    store.clock.advance(86_400)
    assert times(store) == []


def test_a_host_of_which_nothing_is_stored(store: Store) -> None:
    """A host that has sent nothing yet has no past."""
    assert times(store, host=7) == []
