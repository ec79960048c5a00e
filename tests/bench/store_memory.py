"""What a fleet of a hundred series a host takes of the server's memory: while it pushes, and while that is sealed."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np

from tests.bench import made_fleet
from tests.bench.ingest import load_on
from tests.bench.load import SAMPLES
from tests.bench.measure import Peer, machine, report, resident_bytes, settle
from tests.bench.victoria_metrics import victoria_metrics
from tests.support.system import System, UnixConnection, eventually, system_in

TICKS = 20
"""Of each host; memory follows the number of series, not that of ticks."""


class Peak:
    """The most that a process tree was seen to hold."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = Event()
        self._thread = Thread(target=self._look_on)

    def _look_on(self) -> None:
        while not self._over.wait(0.2):
            self.bytes = max(self.bytes, resident_bytes(self._pid))

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()


def measure_memory(agents: int) -> None:
    """Compare the peaks; ours is measured with the process that seals in it."""
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as folder:
        ours = ours_at_peak(Path(folder), agents)
        theirs = peer_at_peak(Path(folder) / "peer", agents)
    conditions = f"{agents} hosts of {SAMPLES} series, {TICKS} ticks each; {machine()}"
    for name, value in (("pushing", ours[0]), ("sealing", ours[1])):
        report(f"store.resident_bytes.{name}", value / 1e6, "MB", peer=theirs, conditions=conditions)


def ours_at_peak(folder: Path, agents: int) -> tuple[int, int]:
    """Return the peak while agents push, and while what they pushed is sealed."""
    with system_in(folder) as system:
        pid = system.start_aggregator().pid
        system.ready()
        with load_on(system, agents) as load:
            pushing = Peak(pid)
            load.order({"pushes": TICKS * agents})
            with pushing.watched():
                load.go()
                settle(pid)
            sealing = Peak(pid)
            with sealing.watched():
                seal(system)
    return pushing.bytes, sealing.bytes


def seal(system: System) -> None:
    connection = UnixConnection(system.socket)
    connection.request("POST", "/api/v1/storage/seal", headers={"x-sysmon": "1"})
    connection.getresponse().read()
    connection.close()
    eventually(lambda: system.get("/api/v1/storage")["last_seal"], "the head is sealed", patience=300)


def peer_at_peak(folder: Path, agents: int) -> Peer | None:
    with victoria_metrics(folder) as peer:
        if peer is None:
            return None
        t = time.time_ns() // 1_000_000 - made_fleet.STEP_MS * np.arange(TICKS, 0, -1, dtype=np.int64)
        peak = Peak(peer.pid)
        with peak.watched():
            for host in range(agents):
                peer.store(host, made_fleet.schema(SAMPLES), t, made_fleet.values(host, SAMPLES, TICKS))
            settle(peer.pid)
        return Peer(peer.name, peak.bytes / 1e6)
