"""The protocol as a whole, under whatever can happen: no acknowledged tick is ever lost, and none is there twice."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.support.ha.simulation import Mutation, SimulatedAgent, SimulatedNode, World

NODES = st.integers(0, 2)
AGENTS = st.integers(0, 1)
SECONDS = st.sampled_from([0.2, 1.0, 3.0, 7.0, 25.0])
STEPS = st.sampled_from(["sync", "record", "restore"])


class Region(RuleBasedStateMachine):
    """Three nodes and two agents; whatever fails, fails in the middle of something."""

    mutation = Mutation.NONE

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name), mutation=self.mutation)
        self.world.live(5.0)

    @rule(agent=AGENTS, node=NODES, is_answered=st.booleans())
    def push(self, agent: int, node: int, *, is_answered: bool) -> None:
        self._agent(agent).send(self._node(node), is_answered=is_answered)

    @rule(agent=AGENTS, times=st.integers(1, 3))
    def push_to_the_leader(self, agent: int, times: int) -> None:
        leader = self.world.leader()
        for _ in range(times if leader else 0):
            assert leader
            self._agent(agent).send(leader)

    @rule(seconds=SECONDS)
    def live(self, seconds: float) -> None:
        self.world.live(seconds)

    @rule(where=STEPS, seconds=SECONDS, agent=AGENTS)
    def freeze_in_a_step(self, where: str, seconds: float, agent: int) -> None:
        """The next node that takes such a step stands still in it, while the others go on."""

        def meanwhile() -> None:
            self.world.live(seconds)
            leader = self.world.leader()
            if leader is not None:
                self._agent(agent).send(leader)
            self.world.live(2.0)

        self.world.during(where, meanwhile)
        self.world.live(1.0)

    @rule(node=NODES)
    def freeze(self, node: int) -> None:
        self._node(node).is_frozen = True

    @rule(node=NODES)
    def thaw(self, node: int) -> None:
        self._node(node).restart()

    @rule(node=NODES)
    def kill(self, node: int) -> None:
        self._node(node).kill()

    @rule(node=NODES)
    def cut_off(self, node: int) -> None:
        self._node(node).client.unreachable = True

    @rule(node=NODES)
    def connect(self, node: int) -> None:
        self._node(node).client.unreachable = False

    @rule(node=NODES)
    def lose_a_reply(self, node: int) -> None:
        self._node(node).client.lost_replies += 1

    @rule(node=NODES)
    def delay_a_transaction(self, node: int) -> None:
        self._node(node).client.delayed += 1

    @rule(node=NODES)
    def deliver(self, node: int) -> None:
        self._node(node).client.deliver()

    @rule(node=NODES)
    def suspect(self, node: int) -> None:
        """Consul finds a node gone, rightly or not."""
        self.world.consul.lose_agent(self._node(node).node.name)

    @rule()
    def elect_in_consul(self) -> None:
        self.world.consul.lose_leader()

    @rule(is_down=st.booleans())
    def store(self, *, is_down: bool) -> None:
        self.world.store.is_down = is_down

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.heal()
            self.world.check()
            for agent in self.world.agents:
                leader = self.world.leader()
                assert leader
                agent.send(leader)
            self.world.check()
        finally:
            self.world.close()
            self._folder.cleanup()

    def _node(self, number: int) -> SimulatedNode:
        return self.world.nodes[number]

    def _agent(self, number: int) -> SimulatedAgent:
        return self.world.agents[number]


LONG = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


@pytest.mark.timeout(300)
def test_no_acknowledged_tick_is_lost_or_doubled() -> None:
    """Whatever is killed, frozen, cut off or delayed, and when, the next leader has every acknowledged tick."""
    run_state_machine_as_test(Region, settings=LONG)
