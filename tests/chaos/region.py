"""A region under load, ready to be broken."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import faults
from tests.chaos.fleet import Fleet, living
from tests.chaos.rounds import Chaos
from tests.support.clusters.aggregators import highly_available

_SETTINGS = {
    # All ticks stay where the account is taken; segments have proofs of their own.
    "segments": {"seal_after_seconds": 86_400, "seal_bytes": 1 << 34},
    "limits": {"hellos_per_minute": 600},
    "log_level": "info",
}


@dataclass(frozen=True, slots=True)
class Load:
    """Who pushes, and what is drawn."""

    agents: int
    interval_seconds: float
    seed: int


def chaos_in(folder: Path, load: Load, closing: ExitStack) -> Chaos:
    """Start everything in a folder, and wait until it is well; `closing` ends it."""
    region = closing.enter_context(highly_available(folder, **_SETTINGS))
    fleet = closing.enter_context(living(Fleet(region, load.agents, load.interval_seconds, load.seed)))
    chaos = Chaos(region, fleet, faults(small_disks=False), load.seed)
    chaos.settle()
    return chaos
