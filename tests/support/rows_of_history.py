"""Ticks and rollups as segments hold them, and comparisons to the bit."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind, Level
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import StoredTicks
from sysmon_appliance.segments.writer import Facts, SegmentWriter

DAY = 1_700_000_000_000 // 86_400_000 * 86_400_000
"""Midnight of some day in UTC."""

STEP_MS = 10_000

any_float = st.one_of(
    st.floats(width=64),
    st.just(STALE_NAN),
    st.integers(-(1 << 60), 1 << 60).map(float),
    st.integers(-(10**6), 10**6).map(lambda number: number / 100),
    st.integers(0, (1 << 64) - 1).map(lambda bits: float(np.uint64(bits).view(np.float64))),
)


def schema_of(*devices: str) -> Schema:
    return Schema(tuple(Series("system.network.io", (("system.device", device),)) for device in devices))


def even(ticks: int, start_ms: int = DAY) -> Times:
    return start_ms + STEP_MS * np.arange(ticks, dtype=np.int64)


def stored(values: Floats, t: Times, *devices: str, key: int = 1) -> StoredTicks:
    """Ticks of host 1; a series per device."""
    known = KnownSchema(key, bytes([key]), schema_of(*devices))
    return StoredTicks(1, known, t, values.__getitem__)


def bits(values: Floats) -> list[int]:
    """Return floats as the integers that they are made of: NaN equals NaN, and 0.0 is not -0.0."""
    found: list[int] = np.ascontiguousarray(values, np.float64).view(np.uint64).ravel().tolist()
    return found


def write_ticks(path: Path, t: Times, values: Floats, level: Level = Level.DAY) -> Facts:
    """Write a segment of one host, with a series per row of `values`."""
    writer = SegmentWriter(path, Kind.RAW, level)
    writer.host(1, f"{1:032x}", "web-1")
    writer.add_ticks(1, schema_of(*map(str, range(len(values)))), t, values)
    return writer.finish()
