"""Make the recording that simulated hosts replay: `python -m tests.support.record_demo FILE [TICKS]`.

It keeps the movements that the demo uses and nothing else of the machine on which it runs.
"""

import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_agent.collectors import Sampled, build
from sysmon_agent.config.values import CollectSettings
from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Schema, Series
from sysmon_appliance.demo.recording import SIGNALS

INTERVAL_SECONDS = 2


def record(ticks: int) -> list[Sampled]:
    collectors = build(CollectSettings(), SystemClock())
    recorded = [collectors.tick()]
    for _ in range(ticks - 1):
        time.sleep(INTERVAL_SECONDS)
        recorded.append(collectors.tick())
    return recorded


def batch_of(recorded: Sequence[Sampled]) -> Batch:
    """Make a batch that carries its schema; its times count from zero."""
    kept = tuple(filter(_is_used, recorded[0].schema.series))
    schema = Schema(kept)
    by_tick = [dict(zip(sampled.schema.series, sampled.values, strict=True)) for sampled in recorded]
    values = [values[series] for series in kept for values in by_tick]
    times = tuple(1000 * INTERVAL_SECONDS * number for number in range(len(recorded)))
    return Batch(
        stream_id=bytes(16),
        first=1,
        wall_ms=times,
        boot_ms=times,
        columns=struct.pack(f"<{len(values)}d", *values),
        schema_hash=schema_hash(schema),
        sent=ClockPair(0, 0),
        schema=schema,
    )


def _is_used(series: Series) -> bool:
    return any(series.metric == metric and set(wanted) <= set(series.attributes) for metric, wanted in SIGNALS.values())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(encode_batch(batch_of(record(int(sys.argv[2]) if len(sys.argv) > 2 else 420))))
