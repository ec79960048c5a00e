"""Sealing, merging and removing, killed at every step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EVERY = int(os.environ.get("SYSMON_FAULT_EVERY", "17"))
"""One in so many steps is tried; with 1 all of them are, which takes minutes."""

pytestmark = [pytest.mark.fault, pytest.mark.timeout(480 + 1200 // EVERY)]


def test_a_kill_at_any_step_loses_and_doubles_no_tick(tmp_path: Path) -> None:
    """Wherever the process is killed, every tick is there once, before and after the work is done again."""
    command = [sys.executable, "-m", "tests.support.crashing", str(tmp_path), str(EVERY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({report["step"] for report in reports}) >= 8
    assert not [report for report in reports if report["ended"] or report["faults"]], done.stderr
