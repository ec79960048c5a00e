"""Programs killed at random moments, with no chance to clean up."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.wire.messages import GapReason
from tests.support.account import Stream, assert_delivered_once, assert_whole, reasons_in, stored
from tests.support.pushes import HOST
from tests.support.system import Program, System, system_in

ROUNDS = int(os.environ.get("SYSMON_FAULT_ROUNDS", "4"))

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60 + 30 * ROUNDS)]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def some_time() -> None:
    """Let the programs get to an arbitrary point of what they do."""
    time.sleep(random.uniform(0.2, 2.0))  # noqa: S311 - chance, not secrecy


def settle(system: System, agent: Program, aggregator: Program) -> list[Stream]:
    """Let everything be delivered, end both programs, and return what the aggregator has kept."""
    system.holds(system.stored() + 2)
    assert agent.stop() == 0
    assert aggregator.stop() == 0
    return stored(system.data, HOST)


def test_killed_agent_loses_and_doubles_no_tick(system: System) -> None:
    """After kill -9 of the agent no collected tick is missing or doubled, and what it did not collect is counted."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    for _ in range(ROUNDS):
        system.holds(system.stored() + 1)
        some_time()
        agent.kill()
        time.sleep(2)  # long enough for ticks to be due that nobody collects
        agent = system.start_agent()
    streams = settle(system, agent, aggregator)
    assert_whole(streams)
    assert_delivered_once(system.spool, streams)
    assert len(streams) == 1
    assert reasons_in(streams) == {GapReason.AGENT_DOWN}
    assert list(streams[0].missing.values()).count(GapReason.AGENT_DOWN) >= ROUNDS


def test_killed_aggregator_loses_and_doubles_no_tick(system: System) -> None:
    """After kill -9 of the aggregator no collected tick is missing or doubled, and the agent has missed none."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    for _ in range(ROUNDS):
        system.holds(system.stored() + 1)
        some_time()
        aggregator.kill()
        some_time()
        aggregator = system.start_aggregator()
        system.ready()
    streams = settle(system, agent, aggregator)
    assert_whole(streams)
    assert_delivered_once(system.spool, streams)
    assert len(streams) == 1
    assert not reasons_in(streams)


def test_both_killed_together_lose_and_double_no_tick(system: System) -> None:
    """After kill -9 of both at once, as in a power cut, no collected tick is missing or doubled."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    for _ in range(ROUNDS):
        system.holds(system.stored() + 1)
        some_time()
        agent.kill()
        aggregator.kill()
        agent = system.start_agent()
        aggregator = system.start_aggregator()
        system.ready()
    streams = settle(system, agent, aggregator)
    assert_whole(streams)
    assert_delivered_once(system.spool, streams)


def test_ledger_agrees_with_the_database(system: System) -> None:
    """The ledger that the console shows is the same account as the database's, for every stream and reason."""
    aggregator = system.start_aggregator()
    system.ready()
    agent = system.start_agent()
    system.holds(2)
    agent.kill()
    time.sleep(2)
    agent = system.start_agent()
    system.holds(system.stored() + 2)
    assert agent.stop() == 0
    (shown,) = system.get("/api/v1/ledger")["hosts"][0]["streams"]
    assert aggregator.stop() == 0
    (kept,) = stored(system.data, HOST)
    assert (shown["last"], shown["stored"], shown["missing"]) == (kept.last, len(kept.ticks), len(kept.missing))
    assert shown["by_reason"] == Counter(reason.name.lower() for reason in kept.missing.values())
    assert shown["by_reason"]["agent_down"] > 0
