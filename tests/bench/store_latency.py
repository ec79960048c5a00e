"""How long agents wait for an answer while what they sent before is sealed and merged."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.bench.ingest import PACE, Load, Void, load_on, stored
from tests.bench.load import SAMPLES
from tests.bench.measure import children_cpu_seconds, machine, report
from tests.support.system import System, UnixConnection, system_in

SECONDS = 60
FULL_LOAD_PUSHES = 30_000


def measure_latency(agents: int) -> None:
    """Have the head sealed as soon as anything is in it, and push meanwhile: at an even pace, then at full load."""
    with tempfile.TemporaryDirectory(prefix="bench-latency-") as folder, system_in(Path(folder)) as system:
        pid = system.start_aggregator(segments={"seal_bytes": 1 << 20}).pid
        system.ready()
        with load_on(system, agents) as load:
            pace = {"pushes": SECONDS * PACE, "per_second": PACE}
            publish("paced", watch(system, pid, load, **pace), f"{agents} agents, {PACE} pushes/s")
            full = {"pushes": FULL_LOAD_PUSHES // agents * agents}
            publish("full_load", watch(system, pid, load, **full), f"{agents} agents, as soon as each was answered")


@dataclass(frozen=True, slots=True)
class Watched:
    """A load, and what was sealed during it."""

    told: dict[str, Any]  # by the process that made it
    share: float  # of a core, that sealing and merging took
    jobs: int


def watch(system: System, pid: int, load: Load, **order: float) -> Watched:
    load.order(order)
    before = stored(system)
    with sealing(system) as asker:
        cpu, begun = children_cpu_seconds(pid), time.monotonic()
        told = load.go()
        share = (children_cpu_seconds(pid) - cpu) / (time.monotonic() - begun)
    if stored(system) - before != told["sent"]:
        raise Void(f"{told['sent']} ticks were acknowledged, {stored(system) - before} are stored")
    return Watched(told, share, asker.seals)


class Asker:
    """Asks for a seal again and again, and counts those that were made."""

    def __init__(self, system: System) -> None:
        self.seals = 0
        self._system = system
        self._over = Event()
        self._thread = Thread(target=self._ask)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        before = None
        while not self._over.wait(0.1):
            last = self._system.get("/api/v1/storage")["last_seal"]
            self.seals += last != before
            before = last
            seal(self._system)


def seal(system: System) -> None:
    connection = UnixConnection(system.socket)
    connection.request("POST", "/api/v1/storage/seal", headers={"x-sysmon": "1"})
    connection.getresponse().read()
    connection.close()


@contextmanager
def sealing(system: System) -> Iterator[Asker]:
    asker = Asker(system)
    asker.start()
    try:
        yield asker
    finally:
        asker.stop()


def publish(name: str, watched: Watched, how: str) -> None:
    told = watched.told
    conditions = (
        f"{how}; {told['sent']} pushes of {SAMPLES} samples in {told['seconds']:.0f} s, {told['median_ms']:.0f} ms"
        f" (median), {told['p95_ms']:.0f} ms (p95); {watched.jobs} seals, which with merging took {watched.share:.2f}"
        f" of a core; mutual TLS, fsync before the answer; {machine()}; no peer measured"
    )
    report(f"store.ingest_p99_while_sealing.{name}", told["p99_ms"], "ms", conditions=conditions)
