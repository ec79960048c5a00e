"""What a sample costs the leader and its Litestream, beside an aggregator alone; and what standing by costs.

The same load goes to both in turn. Billed is all that a process tree used from the first push until some seconds after
the last, for the leader goes on with what it has answered: it is billed for its ticks, its lock and its standbys too.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.ha_region import SETTINGS, all_follow, standbys
from tests.bench.ingest import PACE, Load, Void, load_from, load_on, stored
from tests.bench.load import SAMPLES
from tests.bench.measure import Peer, cpu_seconds, machine, report
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, highly_available
from tests.support.system import eventually, system_in

_CALM_SECONDS = 5.0
"""What was acknowledged is durable and read back by then."""


@dataclass(frozen=True, slots=True)
class Side:
    """Something that takes a load, and the process trees that are billed for it."""

    load: Load
    pids: Sequence[int]
    stored: Callable[[], int]  # how many ticks it has


@dataclass(frozen=True, slots=True)
class Bill:
    """One load, and what it cost each process tree."""

    sent: int
    seconds: float
    cpu_seconds: Sequence[float]

    def per_million(self, tree: int = 0) -> float:
        return self.cpu_seconds[tree] * 1e6 / (self.sent * SAMPLES)


def measure_cost(folder: Path, arguments: argparse.Namespace) -> None:
    """Load both in turn, paced and at full load."""
    with _alone(folder / "alone", arguments.agents) as alone, _leading(folder / "cost", arguments.agents) as leading:
        paced = {"pushes": round(arguments.seconds * PACE), "per_second": PACE}
        pairs = [(bill(alone, **paced), bill(leading, **paced))]
        _publish("paced", pairs, f"{PACE} pushes/s for {arguments.seconds:.0f} s")
        _publish_standby(pairs)
        full = {"pushes": arguments.samples // SAMPLES}
        pairs = [(bill(alone, **full), bill(leading, **full)) for _ in range(arguments.rounds)]
        _publish("full_load", pairs, "each pushing as soon as it was answered")


def bill(side: Side, **order: Any) -> Bill:
    """Run one load, and hold what was stored to what was sent."""
    side.load.order(order)
    time.sleep(_CALM_SECONDS)
    stored_before, before = side.stored(), [cpu_seconds(pid) for pid in side.pids]
    told = side.load.go()
    time.sleep(_CALM_SECONDS)
    spent = [cpu_seconds(pid) - used for pid, used in zip(side.pids, before, strict=True)]
    if (now := side.stored() - stored_before) != told["sent"]:
        raise Void(f"{told['sent']} ticks were sent and acknowledged, {now} are stored")
    return Bill(told["sent"], told["seconds"], spent)


@contextmanager
def _alone(folder: Path, agents: int) -> Iterator[Side]:
    folder.mkdir()
    with system_in(folder) as system:
        pid = system.start_aggregator(**SETTINGS).pid
        system.ready()
        with load_on(system, agents) as load:
            yield Side(load, [pid], lambda: stored(system))


@contextmanager
def _leading(folder: Path, agents: int) -> Iterator[Side]:
    """Load the leader of a region; billed are first it, then its standbys."""
    folder.mkdir()
    with highly_available(folder, **SETTINGS) as region:
        leader = eventually(region.leader, "somebody leads")
        identities = [region.agent(f"{number:032x}").settings() for number in range(1, agents + 1)]
        with load_from(folder / "load.json", leader.machine.address, leader.ingest_port, identities) as load:
            eventually(lambda: all_follow(region), "both standbys read what is durable")
            pids = [leader.pid, *(node.pid for node in standbys(region, leader))]
            yield Side(load, pids, lambda: _stored(region, leader))


def _stored(region: Aggregators, leader: AggregatorNode) -> int:
    if region.leader() is not leader:
        raise Void("another aggregator leads by now")
    return int(leader.ask("GET", "/api/v1/ledger")["total"]["stored"])


def _publish(name: str, pairs: Sequence[tuple[Bill, Bill]], how: str) -> None:
    single = ", ".join(f"{ours.per_million():.2f} : {alone.per_million():.2f}" for alone, ours in pairs)
    last = pairs[-1][1]
    report(
        f"ha.cpu_seconds_per_million_samples.{name}",
        median(ours.per_million() for _, ours in pairs),
        "s",
        peer=Peer("SysMonitor, one aggregator without a replica", median(alone.per_million() for alone, _ in pairs)),
        conditions=f"leader and its Litestream, {how}; runs in turn: {single}; {last.sent} pushes a run, "
        f"{last.sent / last.seconds:.0f}/s, {SAMPLES} samples each; a tick of 1 s, two standbys; {machine()}",
    )


def _publish_standby(pairs: Sequence[tuple[Bill, Bill]]) -> None:
    leading = pairs[0][1]
    each = ", ".join(f"{leading.per_million(tree):.2f}" for tree in range(len(leading.cpu_seconds)))
    report(
        "ha.standby.share_of_leader",
        median(leading.cpu_seconds[1:]) / leading.cpu_seconds[0],
        "1",
        conditions=f"a standby and its Litestream that nobody reads from, {PACE} pushes/s; CPU-seconds per million "
        f"samples of the leader and of each standby: {each}; {machine()}; no peer",
    )
