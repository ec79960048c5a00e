"""A region under a steady load of a hundred pushes a second, whose agents hear what becomes of them."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.chaos.fleet import Fleet, living
from tests.chaos.rounds import Chaos
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, highly_available
from tests.support.system import eventually

SETTINGS: dict[str, Any] = {
    # What is measured is the live database as it grows; what leaves it has benchmarks of its own.
    "segments": {"seal_after_seconds": 86_400, "seal_bytes": 1 << 34},
    "limits": {"hellos_per_minute": 600},
}

_AGENTS, _INTERVAL_SECONDS = 42, 0.5
LOAD = "100 pushes/s of 46 agents, of which four ask every 0.25 s and wait at most 2 s for an answer"


@dataclass(slots=True)
class LiveRegion:
    """Three aggregators, and what agents hear from them."""

    chaos: Chaos
    filled_bytes: int = 0  # of batches that were put into its live database besides

    @classmethod
    def start(cls, folder: Path, closing: ExitStack) -> Self:
        """Start everything from nothing, and wait until it is well; `closing` ends it."""
        folder.mkdir()
        region = closing.enter_context(highly_available(folder, **SETTINGS))
        fleet = closing.enter_context(living(Fleet(region, _AGENTS, _INTERVAL_SECONDS, seed=0)))
        live = cls(Chaos(region, fleet, faults=(), seed=0))
        live.settle()
        return live

    @property
    def nodes(self) -> Aggregators:
        return self.chaos.region

    @property
    def fleet(self) -> Fleet:
        return self.chaos.fleet

    def leader(self) -> AggregatorNode:
        return eventually(self.nodes.leader, "somebody leads")

    def settle(self) -> None:
        """Wait until agents are served and every standby follows closely."""
        self.chaos.settle()
        eventually(lambda: all_follow(self.nodes), "both standbys read what is durable", 90)


def standbys(region: Aggregators, leader: AggregatorNode) -> Sequence[AggregatorNode]:
    return [node for node in region.nodes if node is not leader]


def all_follow(region: Aggregators) -> bool:
    """Whether every standby has read back what is durable, but for the newest marks."""
    leader = region.leader()
    if leader is None:
        return False
    state = leader.state()
    others = [node for node in state["nodes"] if node["node"] != leader.name]
    near = [node for node in others if node["epoch"] == state["epoch"] and node["mark"] >= state["durable"]["mark"] - 2]
    return len(near) == len(region.nodes) - 1
