"""A real process that appends to a spool and is killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sysmon_agent.wire.messages import ClockPair
from tests.support.agent_rig import open_spool
from tests.support.clock import ManualClock

WRITER = """
import sys
from pathlib import Path
from sysmon_agent.clock import SystemClock
from tests.support.agent_rig import open_spool, tick
spool = open_spool(Path(sys.argv[1]), SystemClock(), max_bytes=1 << 20)
value = int(sys.argv[2])
while True:
    value += 1
    spool.append(tick(SystemClock(), value))
    print(value, flush=True)
"""


def written_by_a_killed_writer(folder: Path, after: int, lines: int, delay: float) -> list[int]:
    """Let a process append ticks, kill it soon after so many were reported; return all that were."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(after)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        reported = [int(writer.stdout.readline()) for _ in range(lines)]
        time.sleep(delay)
        os.kill(writer.pid, signal.SIGKILL)
        reported += map(int, writer.stdout)
    return reported


@pytest.mark.fault
def test_kill_at_any_moment_loses_no_reported_tick(tmp_path: Path) -> None:
    """A tick that append has returned from is there after kill -9, once, in its place."""
    draw = random.Random(11)  # noqa: S311 - moments to kill at, the same ones each time
    reported: list[int] = []
    for _ in range(6):
        after = reported[-1] + 1 if reported else 0
        reported += written_by_a_killed_writer(tmp_path, after, draw.randint(1, 30), draw.random() / 50)
    spool = open_spool(tmp_path, ManualClock())
    found: list[float] = []
    first = 1
    while batch := spool.cut(first, 1000, ClockPair(0, 0)):
        assert not batch.skipped
        found += memoryview(batch.columns).cast("d")[: batch.count].tolist()
        first = batch.last + 1
    spool.close()
    assert len(found) == spool.last == len(set(found))
    assert set(reported) <= set(found)
    assert found == sorted(found)
