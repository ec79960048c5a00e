"""Disks that are full or cannot be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.wire.messages import GapReason
from tests.support.account import assert_delivered_once, assert_whole, reasons_in, stored
from tests.support.disks import fill, small_disk, unwritable
from tests.support.pushes import HOST
from tests.support.system import System, system_in

pytestmark = pytest.mark.fault


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def test_full_disk_under_the_database_loses_no_tick(system: System) -> None:
    """While the database's disk is full the agent keeps its ticks, and when there is room again all of them arrive."""
    with small_disk(system.data, 96 << 20):
        aggregator = system.start_aggregator()
        system.ready()
        agent = system.start_agent()
        system.holds(2)
        ballast = fill(system.data)
        agent.says("storage_full")
        assert aggregator.running
        kept = system.stored()
        ballast.unlink()
        system.holds(kept + 3)
        assert agent.stop() == 0
        assert aggregator.stop() == 0
        streams = stored(system.data, HOST)
    assert_whole(streams)
    assert_delivered_once(system.spool, streams)
    assert not reasons_in(streams)


def test_full_disk_under_the_spool_is_counted(system: System) -> None:
    """While the spool's disk is full the agent goes on, and each tick that it could not keep is counted as such."""
    with small_disk(system.spool, 2 << 20):
        aggregator = system.start_aggregator()
        system.ready()
        agent = system.start_agent()
        system.holds(2)
        aggregator.kill()
        ballast = fill(system.spool)
        agent.says("full")
        ballast.unlink()
        aggregator = system.start_aggregator()
        system.ready()
        system.holds(system.stored() + 2)
        assert agent.running
        assert agent.stop() == 0
        assert aggregator.stop() == 0
        streams = stored(system.data, HOST)
        assert_delivered_once(system.spool, streams)
    assert_whole(streams)
    assert reasons_in(streams) == {GapReason.SPOOL_FULL}


def test_aggregator_names_a_data_folder_that_it_cannot_write(system: System) -> None:
    """An aggregator whose data folder is read-only ends and names the folder and a command that helps."""
    system.data.mkdir(mode=0o700)
    with unwritable(system.data):
        aggregator = system.start_aggregator()
        assert aggregator.wait() != 0
    assert str(system.data) in aggregator.output()
    assert "hint: " in aggregator.output()
    assert "Traceback" not in aggregator.output()


def test_agent_names_a_spool_folder_that_it_cannot_write(system: System) -> None:
    """An agent whose spool folder is read-only ends and names the folder and a command that helps."""
    system.spool.mkdir(mode=0o700)
    with unwritable(system.spool):
        agent = system.start_agent()
        assert agent.wait() != 0
    assert str(system.spool) in agent.output()
    assert "hint" in agent.output()
    assert "Traceback" not in agent.output()
