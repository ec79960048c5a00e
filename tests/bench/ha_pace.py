"""How long after its commit a batch is durable, and how long agents wait while the lead is handed over."""

import time
from itertools import pairwise
from statistics import median, quantiles

from tests.bench.ha_region import LOAD, LiveRegion, standbys
from tests.bench.measure import machine, report
from tests.support.system import eventually

_TICK = "a tick of 1 s, three Consul servers and three Garage nodes on one machine, read back by a standby"


def measure_durable(region: LiveRegion, seconds: float) -> None:
    """Let agents say how long after `stored` they heard `durable`."""
    region.settle()
    heard = region.fleet.heard
    first = len(heard.waited)
    time.sleep(seconds)
    waited = heard.waited[first:]
    conditions = (
        f"{len(waited)} ticks in {seconds:.0f} s, {LOAD}, so up to 0.25 s of it is asking; {_TICK}; "
        f"{machine()}; no peer"
    )
    report("ha.durable_acknowledgement_p50", median(waited), "s", conditions=conditions)
    report("ha.durable_acknowledgement_p99", quantiles(waited, n=100)[98], "s", conditions=conditions)


def measure_handoff(region: LiveRegion, rounds: int) -> None:
    """Hand the lead on, several times."""
    pauses = [_hand_over(region) for _ in range(rounds)]
    single = ", ".join(f"{pause:.2f}" for pause in pauses)
    conditions = f"runs: {single}; from the last batch that the old leader stored to the first of the new; {LOAD}; "
    report("ha.handoff.pause_median", median(pauses), "s", conditions=f"{conditions}{machine()}; no peer")
    report("ha.handoff.pause_worst", max(pauses), "s", conditions=f"{conditions}{machine()}; no peer")


def _hand_over(region: LiveRegion) -> float:
    """Order it, and return the longest time in which nothing was stored."""
    region.settle()
    heard, leader = region.fleet.heard, region.leader()
    to = standbys(region.nodes, leader)[0]
    heard.calm_since, first = None, len(heard.stored_at)
    leader.ask("POST", "/api/v1/ha/handoff", {"to": to.name})
    eventually(lambda: region.nodes.leader() is to, "the other one leads")
    region.settle()
    return max(later - earlier for earlier, later in pairwise(heard.stored_at[first:]))
