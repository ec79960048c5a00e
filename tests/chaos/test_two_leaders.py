"""A leader that stood still, and goes on after another one was elected."""

import signal

import pytest

from tests.chaos.account import read
from tests.chaos.agent import ChaosAgent
from tests.chaos.rounds import Chaos
from tests.support.clusters.aggregators import AggregatorNode, signal_all
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]


def staying_at(chaos: Chaos, node: AggregatorNode) -> ChaosAgent:
    """Find the agent that goes nowhere else."""
    return next(agent for agent in chaos.fleet.agents if tuple(agent.character.addresses) == (node.ingest,))


@pytest.mark.parametrize("its_litestream", [True, False], ids=["with its Litestream", "without its Litestream"])
def test_an_old_leader_acknowledges_nothing(chaos: Chaos, *, its_litestream: bool) -> None:
    """A leader that goes on after another one was elected makes no promise, and what it stores is never seen."""
    chaos.settle()
    old = eventually(chaos.region.leader, "somebody leads")
    agent = staying_at(chaos, old)
    eventually(agent.is_well, "the agent that stays is served")
    children = old.freeze_children() if its_litestream else []
    old.freeze()
    other = eventually(lambda: another(chaos, old), "another one leads")
    taken = agent.journal.taken()
    old.thaw()
    signal_all(children, signal.SIGCONT)
    eventually(lambda: old.state().get("role") == "standby", "the old leader has found out")
    # What it says now may be what was durable before it stood still; anything newer would be missing at the other one.
    promised = agent.journal.promised()
    held, _ = read(other.live_database())
    assert promised <= held[agent.character.host_id].keys() <= taken
    chaos.settle()
    assert chaos.verdict().is_good


def another(chaos: Chaos, old: AggregatorNode) -> AggregatorNode | None:
    found = chaos.region.leader()
    return None if found is old else found
