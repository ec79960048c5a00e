"""kill -9 at random moments."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.live import live

ROUNDS = int(os.environ.get("SYSMON_FAULT_ROUNDS", "3"))


def commit_until_killed(folder: Path, seconds: float) -> int:
    """Let a program commit for about that long after its first commit; return the last tick that it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.committer", str(folder)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        acknowledged = [int(program.stdout.readline())]
        time.sleep(seconds)
        program.send_signal(signal.SIGKILL)
        # A line that the kill has cut short was no acknowledgement.
        acknowledged += [int(line) for line in program.stdout if line.endswith("\n")]
    return acknowledged[-1]


@pytest.mark.fault
def test_no_acknowledged_batch_is_lost_or_doubled_by_kill(tmp_path: Path) -> None:
    """After kill -9 at any moment, every acknowledged tick is there exactly once, and the account adds up."""
    chance = random.Random(os.urandom(8))  # noqa: S311 - any moment will do
    for _ in range(ROUNDS):
        acknowledged = commit_until_killed(tmp_path, chance.uniform(0, 0.3))
        with live(tmp_path) as database:
            (stream,) = database.state.streams
            ticks = [int(value) for batch in database.head.batches(1, 0, 1 << 60) for value in batch.values[0]]
        assert stream.last >= acknowledged
        assert stream.balanced
        assert ticks == list(range(1, stream.last + 1))
