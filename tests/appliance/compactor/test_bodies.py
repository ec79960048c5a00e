"""Ticks out of the bodies of batches, however their fields are encoded."""

import numpy as np
import pytest

from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, GapReason
from sysmon_appliance.compactor.bodies import ticks_of
from sysmon_appliance.compactor.head import Rows
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.ticks import StoredTicks
from tests.support.storekeeping import SERIES

KNOWN = KnownSchema(7, schema_hash(SERIES), SERIES)
NOW_MS = 1_764_000_000_000
WIDTH = len(SERIES.series)


def batch(first: int, wall_ms: tuple[int, ...], boot_ms: tuple[int, ...], skipped: tuple[Gap, ...] = ()) -> Batch:
    values = np.arange(float(WIDTH * len(wall_ms))).reshape(WIDTH, len(wall_ms)) + first
    columns = np.ascontiguousarray(values, "<f8").tobytes()
    sent = ClockPair(wall_ms[-1], boot_ms[-1])
    return Batch(bytes(16), first, wall_ms, boot_ms, columns, KNOWN.hash, sent, skipped=skipped)


def row(of: Batch) -> Rows:
    walls = of.wall_ms
    return np.array([[1, 1, KNOWN.key, of.first, len(walls), min(walls), max(walls), walls[-1], 0]])


def decoded(of: Batch) -> StoredTicks:
    [ticks] = ticks_of(1, row(of), [encode_batch(of)], {KNOWN.key: KNOWN})
    return ticks


@pytest.mark.parametrize("wall_ms", [1, 10**9, NOW_MS, 10**13])
@pytest.mark.parametrize("boot_ms", [0, 1, 60_000, 10**7, 10**9, NOW_MS])
@pytest.mark.parametrize("first", [1, 300, 1 << 40])
def test_a_tick_is_found_behind_numbers_of_any_length(first: int, boot_ms: int, wall_ms: int) -> None:
    """A machine that has just started and one that never stops send fields of other lengths; both are read."""
    ticks = decoded(batch(first, (wall_ms,), (boot_ms,)))
    assert ticks.t.tolist() == [wall_ms]
    assert ticks.all().ravel().tolist() == [first, first + 1, first + 2]


def test_ticks_behind_a_gap_are_found() -> None:
    """What a batch declares missing stands before its times, and is stepped over."""
    ticks = decoded(batch(9, (NOW_MS,), (1000,), (Gap(3, 8, GapReason.SPOOL_FULL),)))
    assert ticks.all().ravel().tolist() == [9, 10, 11]


def test_several_ticks_of_a_batch_are_found() -> None:
    """A batch of several ticks gives each its time and its values."""
    ticks = decoded(batch(1, (NOW_MS, NOW_MS + 1000), (5, 1005)))
    assert ticks.t.tolist() == [NOW_MS, NOW_MS + 1000]
    assert ticks.all().tolist() == [[1, 2], [3, 4], [5, 6]]


def test_of_damaged_batches_alone_nothing_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """A host whose every batch is damaged has no ticks, and each is told of."""
    damaged = batch(1, (NOW_MS,), (1000,))
    assert ticks_of(1, row(damaged), [b"\xff"], {KNOWN.key: KNOWN}) == []
    assert [record.message for record in caplog.records] == [
        "A batch in the live database is damaged; its ticks are lost."
    ]
