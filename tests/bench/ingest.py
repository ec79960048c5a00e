"""What accepting a push costs the aggregator: `make bench-ingest`.

A real aggregator on loopback, a thousand agents with certificates of their own on keep-alive connections, 100 samples
a push, each acknowledged after its commit. Billed is the CPU of the aggregator's process tree, by the kernel's
accounting, from the first push until it is quiet again; connecting and handshakes are not in the bill. What it has
stored is asked back and compared with what was sent: a run that differs is void.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.load import SAMPLES
from tests.bench.measure import cpu_seconds, machine, report, settle
from tests.support.system import System, system_in

PACE = 100


class Void(Exception):  # noqa: N818 - what becomes of the run
    """What was stored is not what was sent."""


@dataclass(frozen=True, slots=True)
class Run:
    """One load and what it cost."""

    cpu_seconds: float
    told: dict[str, Any]  # by the process that made the load

    @property
    def per_million(self) -> float:
        return self.cpu_seconds * 1e6 / (int(self.told["sent"]) * SAMPLES)


class Load:
    """The process that plays the agents."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.connected = self.hear()["connected"]

    def order(self, order: dict[str, Any]) -> None:
        """Have a load prepared; `go` starts it."""
        self._say(json.dumps(order))
        assert self.hear()["ready"]

    def go(self) -> dict[str, Any]:
        self._say("go")
        return self.hear()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@contextmanager
def load_on(system: System, agents: int) -> Iterator[Load]:
    """Give every agent a certificate, and connect all."""
    identities = [system.authority.agent(f"{number:032x}").settings() for number in range(agents)]
    with load_from(system.folder / "load.json", "127.0.0.1", system.ingest_port, identities) as load:
        yield load


@contextmanager
def load_from(plan: Path, host: str, port: int, identities: Sequence[Mapping[str, str]]) -> Iterator[Load]:
    """Connect an agent for each identity; `plan` is the file that tells the process of it."""
    plan.write_text(json.dumps({"host": host, "port": port, "agents": identities}))
    command = [sys.executable, "-m", "tests.bench.load", str(plan)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Load(process)
        finally:
            process.kill()


def measure(system: System, pid: int, load: Load, **order: Any) -> Run:
    """Run one load, and hold what was stored to what was sent."""
    load.order(order)
    settle(pid)
    cpu_before, stored_before = cpu_seconds(pid), stored(system)
    told = load.go()
    settle(pid)
    run = Run(cpu_seconds(pid) - cpu_before, told)
    stored_now = stored(system) - stored_before
    if stored_now != told["sent"]:
        raise Void(f"{told['sent']} ticks were sent and acknowledged, {stored_now} are stored")
    return run


def stored(system: System) -> int:
    return int(system.get("/api/v1/ledger")["total"]["stored"])


def publish(name: str, runs: list[Run], how: str) -> None:
    """Print the median of runs, and all that a reader needs to judge it."""
    told = runs[0].told
    single = ", ".join(f"{run.per_million:.2f}" for run in runs)
    report(
        f"ingest.native.cpu_seconds_per_million_samples.{name}",
        statistics.median(run.per_million for run in runs),
        "s",
        conditions=f"{how}; runs: {single}; {told['sent']} pushes a run, {told['sent'] / told['seconds']:.0f}/s, "
        f"{SAMPLES} samples and {told['request_bytes']} bytes each; mutual TLS, fsync before the answer; "
        f"answered in {told['median_ms']:.0f} ms (median), {told['p95_ms']:.0f} ms (p95); {machine()}; "
        "no peer measured",
    )


def native(arguments: argparse.Namespace) -> None:
    """Measure our own aggregator, paced and at full load."""
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder, system_in(Path(folder)) as system:
        pid = system.start_aggregator().pid
        system.ready()
        with load_on(system, arguments.agents) as load:
            agents = f"{load.connected} agents"
            pushes = round(arguments.seconds * PACE)
            publish("paced", [measure(system, pid, load, pushes=pushes, per_second=PACE)], f"{agents}, {PACE} pushes/s")
            pushes = arguments.samples // SAMPLES
            runs = [measure(system, pid, load, pushes=pushes) for _ in range(arguments.rounds)]
            publish("full_load", runs, f"{agents}, each pushing as soon as it was answered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000, help="connections")
    parser.add_argument("--seconds", type=float, default=60, help="length of the paced run")
    parser.add_argument("--samples", type=int, default=2_000_000, help="samples of one run at full load")
    parser.add_argument("--rounds", type=int, default=3, help="runs at full load; their median counts")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    native(arguments)


if __name__ == "__main__":
    main()
