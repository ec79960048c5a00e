"""Two programs that want the same thing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.account import assert_whole, stored
from tests.support.pushes import HOST
from tests.support.system import System, eventually, system_in


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def test_aggregator_names_a_port_that_is_in_use(system: System) -> None:
    """An aggregator whose port is taken ends and names the setting, the address and a command that helps."""
    system.start_aggregator()
    system.ready()
    elsewhere = {"listen": "127.0.0.1:0", "socket": str(system.folder / "other.sock")}
    second = system.start_aggregator(data=str(system.folder / "other"), console=elsewhere)
    assert second.wait() != 0
    said = second.output()
    assert "ingest.listen" in said
    assert str(system.ingest_port) in said
    assert "hint: " in said


def test_second_aggregator_on_one_folder_is_refused(system: System) -> None:
    """A second aggregator on the same data folder ends and names the process that uses it."""
    first = system.start_aggregator()
    system.ready()
    free = {"listen": "127.0.0.1:0"}
    console = free | {"socket": str(system.folder / "other.sock")}
    second = system.start_aggregator(ingest={**free, **system.authority.aggregator().settings()}, console=console)
    assert second.wait() != 0
    assert str(first.pid) in second.output()


def test_second_agent_on_one_spool_is_refused(system: System) -> None:
    """A second agent on the same spool ends and names the process that uses it, and the first goes on."""
    system.start_aggregator()
    system.ready()
    first = system.start_agent()
    system.holds(1)
    second = system.start_agent("second")
    assert second.wait() != 0
    assert str(first.pid) in second.output()
    system.holds(system.stored() + 1)


def test_two_agents_with_one_identity_are_told_apart(system: System) -> None:
    """Of two agents with one certificate one goes on delivering, and the other says that its identity is cloned."""
    aggregator = system.start_aggregator()
    system.ready()
    agents = [
        system.start_agent("original"),
        system.start_agent("clone", spool={"directory": str(system.folder / "spool-of-clone"), "min_free_bytes": 0}),
    ]
    eventually(lambda: any("cloned_identity" in agent.output() for agent in agents), "one agent is refused")
    system.holds(system.stored() + 2)
    assert [agent.stop() for agent in agents] == [0, 0]
    assert aggregator.stop() == 0
    assert_whole(stored(system.data, HOST))
