"""What high availability costs, and how fast it is: `make bench-ha`.

Three aggregators, each with a Consul server and a Garage node of its own, all real, on loopback. First what they cost,
beside an aggregator alone that is given the same load in turn; then how long it takes until something is durable, until
another leads by command, and until another leads after the leader was lost. That nothing is lost is for `make chaos`.
"""

import argparse
import logging
import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.ha_cost import measure_cost
from tests.bench.ha_failover import FAULTS, measure_failover, measure_more
from tests.bench.ha_pace import measure_durable, measure_handoff
from tests.bench.ha_region import LiveRegion

_COST, _PACE, _LARGE = "cost", "pace", "large"


def main() -> None:
    arguments = _arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    logging.disable(logging.ERROR)  # connections that end are what this is about
    with tempfile.TemporaryDirectory(prefix="bench-ha-") as folder:
        try:
            _measure(Path(folder), arguments)
        except pytest.skip.Exception as missing:
            sys.exit(str(missing))


def _measure(folder: Path, arguments: argparse.Namespace) -> None:
    if _COST not in arguments.skip:
        measure_cost(folder, arguments)
    steps = {name: step for name, step in _steps(arguments).items() if name not in arguments.skip}
    if not steps:
        return
    with ExitStack() as closing:
        region = LiveRegion.start(folder / "live", closing)
        for step in steps.values():
            step(region)


def _steps(arguments: argparse.Namespace) -> Mapping[str, Callable[[LiveRegion], None]]:
    """Return what is done with a region that lives, in this order."""

    def pace(region: LiveRegion) -> None:
        measure_durable(region, arguments.seconds)
        measure_handoff(region, arguments.rounds)

    def failover(fault: str) -> Callable[[LiveRegion], None]:
        return lambda region: measure_failover(region, fault, arguments.rounds, arguments.megabytes)

    def large(region: LiveRegion) -> None:
        measure_more(region, arguments.large_megabytes)

    return {_PACE: pace} | {fault: failover(fault) for fault in FAULTS} | {_LARGE: large}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-ha", description="What high availability costs, and its pace.")
    parser.add_argument("--rounds", type=int, default=3, help="failovers of each kind, handoffs, and runs at full load")
    parser.add_argument("--seconds", type=float, default=40, help="length of the paced runs")
    parser.add_argument("--agents", type=int, default=1000, help="connections of the runs that are billed")
    parser.add_argument("--samples", type=int, default=2_000_000, help="samples of one run at full load")
    parser.add_argument("--megabytes", type=int, default=64, help="the live database at failovers")
    parser.add_argument("--large-megabytes", type=int, default=250, help="the live database at the last failover")
    names = (_COST, _PACE, *FAULTS, _LARGE)
    parser.add_argument("--skip", nargs="*", choices=names, default=[], help="what is not measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
