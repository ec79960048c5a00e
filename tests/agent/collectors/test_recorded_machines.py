"""Whole ticks of recorded machines. `SYSMON_UPDATE_GOLDEN=1` writes the expected texts anew, for review."""

import os
from pathlib import Path

import pytest

from tests.support.proc_trees import TREES, Machine, as_text, machine_names


@pytest.mark.parametrize("name", machine_names())
def test_a_recorded_machine_is_measured_as_before(name: str, tmp_path: Path) -> None:
    """Each recorded machine gives the reviewed values, ten seconds after the first tick."""
    machine = Machine(name, tmp_path)
    collectors = machine.collectors()
    collectors.tick()
    machine.let_time_pass()

    measured = as_text(collectors.tick())

    golden = TREES / name / "tick.txt"
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        golden.write_text(measured, encoding="utf-8")
    assert measured == golden.read_text(encoding="utf-8")
