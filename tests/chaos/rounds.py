"""Rounds: one fault on a standing region under load, and a look at what is left."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.account import Promises, Verdict, judge
from tests.chaos.faults import Fault, Scene
from tests.chaos.fleet import Fleet
from tests.support.clusters.aggregators import AggregatorNode, Aggregators
from tests.support.system import eventually

_DOUBT_SECONDS = 2.0

PATIENCE_SECONDS = 90.0
"""Within this time a region must be well again after what was broken is mended."""


@dataclass(frozen=True, slots=True)
class Round:
    """What became of one round."""

    number: int
    fault: str
    took_leader: bool  # whether the fault was one after which another must lead
    failover_seconds: float | None  # until the first promise of another leader; None where the leader stayed
    recovery_seconds: float  # from mending until all is well
    verdict: Verdict
    trouble: str = ""  # what went wrong besides: a program that ended by itself, or a region that did not become well


@dataclass(frozen=True, slots=True)
class Ending:
    """What is there when all rounds are over."""

    led_with: Verdict  # of the leader's database
    restored: Verdict  # of the one that the next leader would begin with
    trouble: str = ""


class Chaos:
    """Breaks a region again and again; everything that is drawn follows from the seed."""

    def __init__(self, region: Aggregators, fleet: Fleet, faults: Sequence[Fault], seed: int) -> None:
        self.region = region
        self.fleet = fleet
        self._faults = faults
        self._random = Random(seed)
        self._bag: list[Fault] = []

    @property
    def waited(self) -> Sequence[float]:
        """Seconds from stored to durable in calm times."""
        return self.fleet.heard.waited

    def settle(self) -> None:
        """Wait until the region is well, and agents with it; the calm begins."""
        eventually(self._is_well, "the region is well", PATIENCE_SECONDS)
        self.fleet.heard.calm_since = time.monotonic()

    def round(self, number: int, chosen: Fault | None = None) -> Round:
        """Break one thing, drawn or chosen, mend it, and judge."""
        fault, epoch = chosen or self._draw(), self.fleet.epoch
        self.fleet.heard.calm_since = None
        self._pause(0.0, 1.5)
        struck = time.monotonic()
        self._break(fault)
        mended = time.monotonic()
        trouble = self._recover()
        recovered = time.monotonic()
        self._pause(0.5, 2.0)
        return Round(
            number,
            fault.name,
            took_leader=fault.takes_leader,
            failover_seconds=self._failover(epoch, struck),
            recovery_seconds=recovered - mended,
            verdict=self.verdict(),
            trouble=trouble,
        )

    def verdict(self) -> Verdict:
        """Hold the leader's database against all that was promised up to now.

        What is lost stays lost: a bad one is believed where the same database is still led with a moment later.
        """
        promises = self.promises()
        database, found = Path(), Verdict()
        while (led_with := eventually(self._led_with, "somebody leads", PATIENCE_SECONDS)) != database:
            database, found = led_with, judge(led_with, promises)
            if found.is_good:
                break
            time.sleep(_DOUBT_SECONDS)
        return found

    def promises(self) -> Promises:
        return {agent.character.host_id: agent.journal.promised() for agent in self.fleet.agents}

    def finish(self, folder: Path) -> Ending:
        """Let agents take no more ticks, wait until all that they have is durable, and judge."""
        self.fleet.pause()
        trouble = ""
        try:
            eventually(lambda: self.fleet.waiting == 0, "all ticks are durable", PATIENCE_SECONDS)
        except AssertionError as error:
            trouble = str(error)
        promises, restored = self.promises(), folder / "restored.sqlite"
        self.region.restore(restored)
        return Ending(self.verdict(), judge(restored, promises), trouble)

    def _break(self, fault: Fault) -> None:
        try:
            fault.strike(Scene(self.region, self._leader(), self._random))
            self._pause(*fault.lasts)
        finally:
            fault.mend()

    def _recover(self) -> str:
        """Wait until all is well; return what went wrong besides."""
        trouble = self._restart_what_ended()
        try:
            self.settle()
        except AssertionError as error:
            trouble += str(error)
        return trouble

    def _restart_what_ended(self) -> str:
        """Start aggregators that ended by themselves, as an init system does; say which."""
        ended = [node for node in self.region.nodes if not node.running]
        for node in ended:
            node.start()
        return "".join(f"{node.name} ended by itself. " for node in ended)

    def _draw(self) -> Fault:
        """Draw without putting back, so that even few rounds see many kinds."""
        if not self._bag:
            self._bag = self._random.sample(self._faults, len(self._faults))
        return self._bag.pop()

    def _led_with(self) -> Path | None:
        return self._leader().live_database()

    def _leader(self) -> AggregatorNode:
        return eventually(self.region.leader, "somebody leads", PATIENCE_SECONDS)

    def _failover(self, epoch: int, struck: float) -> float | None:
        later = [at for number, at in self.fleet.heard.first_of_epoch.items() if number > epoch]
        return min(later) - struck if later else None

    def _is_well(self) -> bool:
        """Whether a standby reads back, and no agent waits for longer than its next tick or two."""
        return self.region.is_well() and self.fleet.is_well()

    def _pause(self, least: float, most: float) -> None:
        """Let some time pass, drawn between two bounds."""
        time.sleep(self._random.uniform(least, most))
