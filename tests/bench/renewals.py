"""A whole fleet that renews its certificates within a minute, while it pushes: `make bench-renewals`.

A real aggregator on loopback with its issuing intermediate, a thousand agents with certificates of their own, a hundred
pushes a second, and every agent renewing once. Each push must be acknowledged, and stored once: a run that loses or
doubles a batch is void. Billed is the CPU of the aggregator's process tree; the same load without renewals, in the same
call, says what a renewal costs.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.ingest import Void, load_on, measure, stored
from tests.bench.load import SAMPLES
from tests.bench.measure import cpu_seconds, machine, report, settle
from tests.support.system import System, system_in


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a minute; times are sorted."""

    cpu_seconds: float
    pushes: list[float]
    renewals: list[float]
    refused: int  # connections that agents had to try again


def renew_all(system: System, pid: int, arguments: argparse.Namespace) -> Outcome:
    """Let the fleet push and renew, and hold what was stored to what was sent."""
    identities = [system.authority.agent(f"{number:032x}").settings() for number in range(arguments.agents)]
    plan = system.folder / "renewing.json"
    address = {"host": "127.0.0.1", "port": system.ingest_port}
    pace = {"seconds": arguments.seconds, "pushes_per_second": arguments.pace}
    plan.write_text(json.dumps(address | pace | {"agents": identities}))
    command = [sys.executable, "-m", "tests.bench.renewing", str(plan)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        settle(pid)
        cpu_before, stored_before = cpu_seconds(pid), stored(system)
        print("go", file=process.stdin, flush=True)
        told: dict[str, Any] = json.loads(process.stdout.readline())
        settle(pid)
        spent = cpu_seconds(pid) - cpu_before
    arrived = stored(system) - stored_before
    if arrived != len(told["pushes"]):
        raise Void(f"{len(told['pushes'])} ticks were acknowledged, {arrived} are stored")
    return Outcome(spent, told["pushes"], told["renewals"], told["refused"])


def share(times: list[float], part: float) -> float:
    """Return the time within which this part of all was done, in milliseconds."""
    return 1000 * times[min(len(times) - 1, int(len(times) * part))]


def publish(outcome: Outcome, without: float, arguments: argparse.Namespace) -> None:
    pushes, renewals = outcome.pushes, outcome.renewals
    conditions = (
        f"{arguments.agents} agents, each renewing once and connecting anew within {arguments.seconds:.0f} s, "
        f"{len(pushes)} pushes of {SAMPLES} samples beside it, none lost or doubled, "
        f"{outcome.refused} connections tried again; {machine()}; no peer measured"
    )
    report("renewals.acknowledgement_p99", share(pushes, 0.99), "ms", conditions=conditions)
    report("renewals.acknowledgement_median", share(pushes, 0.5), "ms", conditions=conditions)
    report("renewals.renewal_p99", share(renewals, 0.99), "ms", conditions=f"renewal and new connection; {conditions}")
    cost = 1000 * (outcome.cpu_seconds - without) / len(renewals)
    report("renewals.cpu_per_renewal", cost, "ms", conditions=f"with its handshake and hello; {conditions}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000, help="agents")
    parser.add_argument("--seconds", type=float, default=60, help="time within which all renew")
    parser.add_argument("--pace", type=float, default=100, help="pushes a second")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="bench-renewals-") as folder, system_in(Path(folder)) as system:
        pid = system.start_aggregator(pki={"folder": str(system.folder / "pki")}).pid
        system.ready()
        pushes = round(arguments.seconds * arguments.pace)
        with load_on(system, arguments.agents) as load:
            without = measure(system, pid, load, pushes=pushes, per_second=arguments.pace).cpu_seconds
        publish(renew_all(system, pid, arguments), without, arguments)


if __name__ == "__main__":
    main()
