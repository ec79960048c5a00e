"""What an agent costs its host, beside node_exporter where that is installed.

The real agent collects every subject, processes included, writes its spool and delivers each tick over mutual TLS to a
real aggregator, while 300 more processes sleep on the machine. node_exporter, which has no processes, spool or
delivery, is scraped with gzip at the same interval, half an interval apart, and measured over the same time.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Peer, cpu_seconds, machine, process_count, report, resident_bytes
from tests.bench.node_exporter import NodeExporter, node_exporter
from tests.support.system import Program, System, eventually, system_in

WARM_TICKS = 5
TICKS = {1: 30, 10: 12}
"""Ticks that are measured, by interval in seconds: the short one gives counts, the long one is the agent's default."""

COLLECTORS_ALONE = """
import sys, time
from sysmon_agent.clock import SystemClock
from sysmon_agent.collectors import build
from sysmon_agent.config.values import CollectSettings
collectors = build(CollectSettings(), SystemClock())
for tick in range(25):
    if tick == 5:
        begun = time.process_time()
    collectors.tick()
    time.sleep(0.2)
print((time.process_time() - begun) / 20)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program needed in a window of time."""

    cpu_seconds: float
    seconds: float
    collections: int
    resident_bytes: int

    @property
    def cpu_ms_per_tick(self) -> float:
        return 1000 * self.cpu_seconds / self.collections

    @property
    def core_percent(self) -> float:
        return 100 * self.cpu_seconds / self.seconds

    @property
    def resident_mib(self) -> float:
        return self.resident_bytes / 2**20


class Meter:
    """Counts what a program needs, from the moment when this is made."""

    def __init__(self, pid: int, collections: Callable[[], int]) -> None:
        self._pid = pid
        self._collections = collections
        self._first, self._begun, self._cpu = collections(), time.monotonic(), cpu_seconds(pid)

    def read(self) -> Cost:
        return Cost(
            cpu_seconds(self._pid) - self._cpu,
            time.monotonic() - self._begun,
            self._collections() - self._first,
            resident_bytes(self._pid),
        )


@contextmanager
def sleeping_processes(count: int) -> Iterator[None]:
    """Fill the machine's table of processes."""
    sleepers = [subprocess.Popen(["sleep", "3600"]) for _ in range(count)]
    try:
        yield
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def report_collectors(conditions: str) -> None:
    """Report a tick of the collectors alone, in a process of their own."""
    ran = subprocess.run([sys.executable, "-c", COLLECTORS_ALONE], capture_output=True, text=True, check=True)
    report("agent.collectors.cpu_ms_per_tick", 1000 * float(ran.stdout), "ms", conditions=f"no peer; {conditions}")


def report_agent(interval: int, conditions: str) -> None:
    """Report the whole agent at an interval, beside its peer over the same time."""
    with tempfile.TemporaryDirectory() as folder, system_in(Path(folder)) as system:
        system.start_aggregator()
        agent = system.start_agent(interval_seconds=interval)
        system.holds(WARM_TICKS)
        with node_exporter(interval) as exporter:
            ours, theirs = measure(system, agent, exporter, ticks=TICKS[interval])
    said = f"every {interval} s, {ours.collections} ticks; {process_count()} processes in all; {conditions}"
    said += "" if exporter else "; node_exporter is not installed"
    for name, unit in (("cpu_ms_per_tick", "ms"), ("core_percent", "%"), ("resident_mib", "MiB")):
        peer = Peer(exporter.name, getattr(theirs, name)) if exporter and theirs else None
        report(f"agent.{name}.every_{interval}s", getattr(ours, name), unit, conditions=said, peer=peer)


def measure(system: System, agent: Program, exporter: NodeExporter | None, *, ticks: int) -> tuple[Cost, Cost | None]:
    """Measure the agent and its peer, beginning and ending just after a tick was stored."""
    stored = system.stored()
    system.holds(stored + 1)
    ours = Meter(agent.pid, system.stored)
    theirs = Meter(exporter.pid, lambda: exporter.scrapes) if exporter else None
    eventually(lambda: system.stored() > stored + ticks, "all ticks are stored", patience=3600)
    return ours.read(), theirs.read() if theirs else None


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make bench-agent", description="Measure what an agent costs its host.")
    arguments.add_argument("--processes", type=int, default=300, help="processes that sleep beside the agent")
    arguments.add_argument(
        "--every", type=int, nargs="*", choices=TICKS, default=list(TICKS), help="intervals, seconds"
    )
    options = arguments.parse_args()
    with sleeping_processes(options.processes):
        conditions = f"{options.processes} sleeping processes; {machine()}"
        report_collectors(conditions)
        for interval in options.every:
            report_agent(interval, conditions)


if __name__ == "__main__":
    main()
