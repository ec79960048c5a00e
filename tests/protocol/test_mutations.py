"""A proof that cannot fail proves nothing: each safeguard is switched off in turn, and the loss or double is seen.

docs/explanation/failure-modes.md has the table.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ha.simulation import Mutation, SimulatedNode, ViolationError, World


@contextmanager
def a_world(folder: Path, mutation: Mutation) -> Iterator[World]:
    """A region that leads, and whose first tick of each agent is durable."""
    world = World(folder, mutation=mutation)
    try:
        world.live(5.0)
        deliver(world)
        yield world
    finally:
        world.close()


def leader_of(world: World) -> SimulatedNode:
    found = world.leader()
    assert found is not None
    return found


def deliver(world: World) -> None:
    """Let each agent send a tick to whoever leads, and hear that it is durable."""
    for agent in world.agents:
        agent.send(leader_of(world))
    world.live(3.0)
    for agent in world.agents:
        agent.send(leader_of(world))
    world.live(3.0)


def old_leader_wakes_up(world: World) -> None:
    """Whoever leads is frozen in an upload; the fleet but for one agent goes on with the next leader."""
    old, pinned = leader_of(world), world.agents[0]
    pinned.send(old)

    def meanwhile() -> None:
        while world.leader() in {old, None}:
            world.live(1.0)
        deliver_all_but(world, pinned.name)

    world.during("sync", meanwhile)
    old.step()
    pinned.send(old)  # which leads no more, and does not know it
    pinned.send(leader_of(world))
    world.live(3.0)


def deliver_all_but(world: World, name: str) -> None:
    for agent in world.agents:
        if agent.name != name:
            agent.send(leader_of(world))
            world.live(3.0)
            agent.send(leader_of(world))


def next_leader_restores(world: World) -> None:
    """After the old leader has woken up, the new one is lost, and the third must have everything."""
    old_leader_wakes_up(world)
    leader_of(world).kill()
    world.live(15.0)


def killed_node_leads_again(world: World) -> None:
    """A node that led is killed and begins anew; it leads after another one has led meanwhile."""
    first = leader_of(world)
    first.kill()
    world.live(15.0)
    deliver(world)
    second = leader_of(world)
    first.restart()
    for node in world.nodes:
        node.is_frozen = node is not first
    second.kill()
    world.live(15.0)
    assert leader_of(world) is first


def answers_are_lost(world: World) -> None:
    """An agent that hears nothing sends again what was stored."""
    agent = world.agents[0]
    agent.send(leader_of(world), is_answered=False)
    agent.send(leader_of(world))
    world.live(3.0)


SCENARIOS = [
    (Mutation.NO_FENCE, old_leader_wakes_up),
    (Mutation.ONE_PATH, next_leader_restores),
    (Mutation.NO_SET_ASIDE, killed_node_leads_again),
    (Mutation.NO_IDEMPOTENCE, answers_are_lost),
]


@pytest.mark.parametrize(("mutation", "scenario"), SCENARIOS)
def test_a_safeguard_that_is_off_is_noticed(
    tmp_path: Path, mutation: Mutation, scenario: Callable[[World], None]
) -> None:
    """Without the safeguard an acknowledged tick is missing, or one is there twice, and the check says so."""

    def everything(world: World) -> None:
        scenario(world)
        world.check()

    with a_world(tmp_path, mutation) as world, pytest.raises(ViolationError, match=r"lacks|twice|was durable"):
        everything(world)


@pytest.mark.parametrize("scenario", [scenario for _, scenario in SCENARIOS])
def test_with_all_safeguards_the_same_does_no_harm(tmp_path: Path, scenario: Callable[[World], None]) -> None:
    """What the mutations fall over, the product survives."""
    with a_world(tmp_path, Mutation.NONE) as world:
        scenario(world)
        world.heal()
        world.check()
