"""A region under load, ready to be broken."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import faults
from tests.chaos.fleet import Fleet, living
from tests.chaos.rounds import Chaos
from tests.support.clusters.aggregators import Aggregators, highly_available
from tests.support.disks import disk_image

_SETTINGS = {
    # All ticks stay where the account is taken; segments have proofs of their own.
    "segments": {"seal_after_seconds": 86_400, "seal_bytes": 1 << 34},
    "limits": {"hellos_per_minute": 600},
    "log_level": "info",
}

_DISK_BYTES = 4 << 30  # of which only what is used takes any room


@dataclass(frozen=True, slots=True)
class Load:
    """Who pushes, and what is drawn."""

    agents: int
    interval_seconds: float
    seed: int


def chaos_in(folder: Path, load: Load, closing: ExitStack) -> Chaos:
    """Start everything in a folder, and wait until it is well; `closing` ends it."""
    disks = _Disks(closing)
    region = closing.enter_context(highly_available(folder, prepare=disks.mount, **_SETTINGS))
    fleet = closing.enter_context(living(Fleet(region, load.agents, load.interval_seconds, load.seed)))
    chaos = Chaos(region, fleet, faults(small_disks=disks.are_small), load.seed)
    chaos.settle()
    return chaos


class _Disks:
    """A disk for each aggregator that can be filled; a machine that does not permit that has one fault less."""

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing
        self.are_small = False

    def mount(self, region: Aggregators) -> None:
        if os.geteuid():
            return
        try:
            for node in region.nodes:
                self._closing.enter_context(disk_image(node.data, _DISK_BYTES))
        except OSError:
            return
        self.are_small = True
