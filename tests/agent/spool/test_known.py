"""Addresses that outlive a restart."""

import os
import stat
from pathlib import Path

import pytest

from sysmon_agent.spool.known import MAX_KNOWN, KnownAggregators
from tests.support.agent_rig import Rig
from tests.support.clock import ManualClock
from tests.support.model_region import ModelRegion


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Addresses come back in their order, and whoever wrote them sees no change in that."""
    known = KnownAggregators(str(tmp_path))
    known.write(["b:1", "[fd00::1]:7443"])
    assert not known.has_changed()
    assert KnownAggregators(str(tmp_path)).read() == ("b:1", "[fd00::1]:7443")
    assert [file.name for file in tmp_path.iterdir()] == ["aggregators"]


def test_what_somebody_else_writes_is_noticed(tmp_path: Path) -> None:
    """The agent sees that a program that it started has found something, once."""
    ours, theirs = KnownAggregators(str(tmp_path)), KnownAggregators(str(tmp_path))
    assert not ours.has_changed()
    theirs.add(["b:1"])
    theirs.add(["c:1", "b:1"])
    assert ours.has_changed()
    assert ours.read() == ("c:1", "b:1")
    assert not ours.has_changed()


@pytest.mark.parametrize("content", [b"", b"\xff\x00\n", b"a b\nb:1\nnowhere\nc:0\n", b"b:1"])
def test_a_damaged_file_costs_only_what_is_damaged(tmp_path: Path, content: bytes) -> None:
    """Lines that are no address to connect to are passed over."""
    (tmp_path / "aggregators").write_bytes(content)
    assert set(KnownAggregators(str(tmp_path)).read()) <= {"b:1"}


def test_the_file_is_bounded(tmp_path: Path) -> None:
    """However often addresses are added, the newest stay and the file remains small."""
    known = KnownAggregators(str(tmp_path))
    for number in range(100):
        known.add([f"host{number}:1"])
    assert known.read()[0] == "host99:1"
    assert len(known.read()) == MAX_KNOWN


def test_the_agent_reads_what_root_writes(tmp_path: Path) -> None:
    """Whoever renews by hand, with whatever umask, leaves a file that the agent can read."""
    before = os.umask(0o077)
    try:
        KnownAggregators(str(tmp_path)).write(["b:1"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "aggregators").stat().st_mode) == 0o644


def test_an_agent_finds_its_leader_after_a_restart(tmp_path: Path) -> None:
    """An aggregator that was learned from a standby is found again when those of the settings are gone for good."""
    clock = ManualClock()
    region = ModelRegion(clock.wall_ms)
    region.lead("c:1")
    region.tell("c:1")
    rig = Rig(tmp_path / "spool", clock, region.connect)
    rig.collect()
    for _ in range(3):
        clock.advance(1)
        rig.sending.deliver()
    assert region.term.values() == [1.0]
    region.vanish("a:1", "b:1")
    rig.restart()
    rig.collect()
    for _ in range(4):
        clock.advance(1)
        rig.sending.deliver()
    assert region.term.values() == [1.0, 2.0]
