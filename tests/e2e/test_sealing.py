"""Programs killed while ticks leave the live database for segments."""

import http.client
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.segments.files import SegmentFile
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.account import collected
from tests.support.system import Program, System, UnixConnection, eventually, system_in

ROUNDS = int(os.environ.get("SYSMON_FAULT_ROUNDS", "4"))

pytestmark = [pytest.mark.fault, pytest.mark.timeout(90 + 30 * ROUNDS)]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def seal(system: System) -> None:
    """Ask for a seal, as `sysmon storage seal` does."""
    connection = UnixConnection(system.socket)
    connection.request("POST", "/api/v1/storage/seal", headers={"Content-Type": "application/json"})
    assert connection.getresponse().status == http.client.ACCEPTED
    connection.close()


def sealed(system: System) -> int:
    """Count the ticks that are in segments."""
    return sum(kind["ticks"] for kind in system.get("/api/v1/storage")["kinds"] if kind["kind"] == Kind.RAW)


def compactors(program: Program) -> list[psutil.Process]:
    """List the processes that write segments for an aggregator."""
    return [
        child for child in psutil.Process(program.pid).children() if "sysmon_appliance.compactor" in child.cmdline()
    ]


def times(system: System) -> tuple[Counter[int], int]:
    """Count each tick's time in head and segments, and the ticks of the ledger, when all programs have ended."""
    found: Counter[int] = Counter()
    with LiveDatabase.open(system.data, SystemClock()) as database:
        for host in database.state.hosts:
            for batch in database.head.batches(host.key, 0, 1 << 60):
                found.update(batch.wall_ms.tolist())
        for segment in (one for one in database.manifest.all() if one.kind is Kind.RAW):
            with SegmentFile.open(system.folder / "segments" / segment.name) as file:
                for row in file.rows():
                    found.update(row.ticks().t.tolist())
        return found, sum(stream.stored for stream in database.state.streams)


def assert_kept(system: System) -> None:
    """Every tick that was acknowledged is kept, once."""
    found, acknowledged = times(system)
    assert set(found.values()) == {1}
    assert len(found) == acknowledged
    newest = max(found)
    assert not [tick for tick in collected(system.spool) if tick.wall_ms <= newest and tick.wall_ms not in found]


def test_an_aggregator_killed_while_it_seals_loses_and_doubles_no_tick(system: System) -> None:
    """After kill -9 at any moment of a seal each tick is in the head or in a segment, and in one only."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    for _ in range(ROUNDS):
        system.holds(system.stored() + 2)
        seal(system)
        time.sleep(random.uniform(0.0, 1.5))  # noqa: S311 - chance, not secrecy
        aggregator.kill()
        aggregator = system.start_aggregator()
        system.ready()
    before = sealed(system)
    seal(system)
    eventually(lambda: sealed(system) > before, "a seal succeeds in the end")
    system.holds(system.stored() + 1)
    assert agent.stop() == 0
    assert aggregator.stop() == 0
    assert_kept(system)


def test_a_killed_compactor_is_only_a_delay(system: System) -> None:
    """When the process that writes segments is killed, the aggregator says so, and seals at the next request."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    system.holds(2)
    seal(system)
    eventually(lambda: compactors(aggregator), "a segment is being written")[0].kill()
    eventually(lambda: system.get("/api/v1/storage")["failure"], "the failure is told")
    seal(system)
    eventually(lambda: sealed(system), "the next seal succeeds")
    eventually(lambda: system.get("/api/v1/storage")["failure"] is None, "the failure is over")
    assert agent.stop() == 0
    assert aggregator.stop() == 0
    assert_kept(system)


def test_no_process_outlives_an_aggregator_that_is_killed(system: System) -> None:
    """A process that writes segments ends with the aggregator that it works for."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    system.holds(2)
    seal(system)
    [compactor] = eventually(lambda: compactors(aggregator), "a segment is being written")
    aggregator.kill()
    agent.kill()
    assert compactor.wait(30) is None
