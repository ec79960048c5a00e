"""How long nobody can promise anything after the leader is lost, and what that time goes into."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from tests.bench.ha_filling import fill
from tests.bench.ha_region import LOAD, LiveRegion
from tests.bench.measure import machine, report
from tests.bench.node_log import Step, steps_since
from tests.chaos.faults import Fault, Freeze, Kill, Scene, leader
from tests.chaos.faults import machine as whole_machine
from tests.support.system import eventually

FAULTS: Mapping[str, Fault] = {
    "killed": Kill("the process is killed", leader),
    "lost": Kill("aggregator, Consul and Garage of one machine are killed", whole_machine),
    "frozen": Freeze(
        "aggregator, Litestream, Consul and Garage of one machine stand still", whole_machine, with_children=True
    ),
}

_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Failover:
    """One leader lost, and another found."""

    seconds: float  # from the fault to the first promise of another leader
    steps: Mapping[Step, float]  # seconds from the fault to what the new leader says of itself


def measure_failover(region: LiveRegion, name: str, rounds: int, megabytes: int) -> None:
    """Lose the leader in one way, several times."""
    _publish(name, region, [_fail_over(region, FAULTS[name], megabytes) for _ in range(rounds)])


def measure_more(region: LiveRegion, megabytes: int) -> None:
    """Lose the leader once, with a larger database."""
    _publish(f"killed_{megabytes}_megabytes", region, [_fail_over(region, FAULTS["killed"], megabytes)])


def _fail_over(region: LiveRegion, fault: Fault, megabytes: int) -> Failover:
    fill(region, megabytes << 20)
    region.settle()
    region.fleet.heard.calm_since = None
    epoch, scene = region.fleet.epoch, Scene(region.nodes, region.leader(), Random(0))  # noqa: S311 - nothing is drawn
    struck, struck_at = time.monotonic(), time.time()
    try:
        fault.strike(scene)
        seconds = eventually(lambda: _first_promise(region, epoch), "another one leads", _PATIENCE_SECONDS) - struck
        steps = steps_since(region.leader().log, struck_at)
    finally:
        fault.mend()
    return Failover(seconds, steps)


def _first_promise(region: LiveRegion, epoch: int) -> float | None:
    """Return when an agent first heard of something durable from a later leader."""
    heard = dict(region.fleet.heard.first_of_epoch)
    return min((at for number, at in heard.items() if number > epoch), default=None)


def _publish(name: str, region: LiveRegion, failovers: Sequence[Failover]) -> None:
    seconds = [one.seconds for one in failovers]
    single = ", ".join(f"{one:.1f}" for one in seconds)
    conditions = (
        f"runs: {single}; from the fault to the first durable acknowledgement; seconds by then, median: "
        f"{_told(failovers)}; live database of {region.filled_bytes >> 20} MB; {LOAD}; {machine()}; no peer"
    )
    report(f"ha.failover.{name}_median", median(seconds), "s", conditions=conditions)
    report(f"ha.failover.{name}_worst", max(seconds), "s", conditions=conditions)


def _told(failovers: Sequence[Failover]) -> str:
    parts = []
    for step in Step:
        known = [one.steps[step] for one in failovers if step in one.steps]
        parts += [f"{step.name.lower()} {median(known):.1f}"] if known else []
    return ", ".join(parts)
