"""Which processes are worth a row, and how busy each was since the tick before."""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from itertools import chain, islice
from typing import NamedTuple

from sysmon_agent.collectors.process_files import Process, ProcessIo

CANDIDATES_PER_PLACE = 4
"""Processes whose I/O is read, for each place in the ranking by I/O."""


class IoRate(NamedTuple):
    """Bytes per second from and to disks."""

    read: float
    written: float


class CpuMeter:
    """Turns CPU seconds into shares of one core."""

    def __init__(self) -> None:
        self._before: Mapping[int, Process] = {}
        self._at = 0.0
        self._newest = 0.0

    def shares(self, processes: Mapping[int, Process], now: float) -> dict[int, float]:
        """Return shares by pid since the call before; at the first call there are none."""
        elapsed = now - self._at
        shares = {}
        if self._before and elapsed > 0:
            shares = {pid: round(self._used(process) / elapsed, 4) for pid, process in processes.items()}
        self._before, self._at = processes, now
        self._newest = max((process.started_seconds for process in processes.values()), default=0.0)
        return shares

    def _used(self, process: Process) -> float:
        before = self._before.get(process.pid)
        if before and before.started_seconds == process.started_seconds:
            return max(0.0, process.cpu_seconds - before.cpu_seconds)
        # One that was hidden until now is no new one: all that it ever used is not what it used since the last tick.
        return process.cpu_seconds if process.started_seconds >= self._newest else 0.0


class IoMeter:
    """Turns bytes into bytes per second."""

    def __init__(self) -> None:
        self._before: dict[tuple[int, float], ProcessIo] = {}
        self._at = 0.0

    def rates(self, traffic: Mapping[Process, ProcessIo], now: float) -> dict[int, IoRate]:
        """Return rates by pid since the call before, of the processes that were in it too."""
        elapsed, before = now - self._at, self._before
        self._before = {(process.pid, process.started_seconds): io for process, io in traffic.items()}
        self._at = now
        if elapsed <= 0:
            return {}
        return {
            pid: _rate(before[pid, started], io, elapsed)
            for (pid, started), io in self._before.items()
            if (pid, started) in before
        }


def _rate(before: ProcessIo, now: ProcessIo, elapsed: float) -> IoRate:
    return IoRate(round((now.read - before.read) / elapsed), round((now.written - before.written) / elapsed))


def by_cpu(shares: Mapping[int, float], places: int) -> list[int]:
    """Return the pids that used the most CPU; those that used none have no rank."""
    return [pid for _, pid in nlargest(places, [(share, pid) for pid, share in shares.items() if share > 0])]


def by_memory(processes: Mapping[int, Process], places: int) -> list[int]:
    """Return the pids with the most resident memory; threads of the kernel have none and no rank."""
    largest = nlargest(places, [(process.resident_bytes, pid) for pid, process in processes.items()])
    return [pid for resident, pid in largest if resident]


def by_io(rates: Mapping[int, IoRate], places: int) -> list[int]:
    """Return the pids that read and wrote the most; those that did neither have no rank."""
    return [pid for _, pid in nlargest(places, [(sum(rate), pid) for pid, rate in rates.items() if sum(rate) > 0])]


def io_candidates(
    ranked: Iterable[int], processes: Mapping[int, Process], shares: Mapping[int, float], places: int
) -> list[int]:
    """Return the pids whose I/O is worth reading, for that costs as much as all else that is read of a process.

    First those that have a rank, then those that wait for a disk, then the busiest: whoever reads or writes also uses
    some CPU. At most CANDIDATES_PER_PLACE times `places`.
    """
    limit = CANDIDATES_PER_PLACE * places
    waiting = (pid for pid, process in processes.items() if process.state == "uninterruptible")
    candidates = dict.fromkeys(chain(ranked, waiting, by_cpu(shares, limit)))
    return list(islice((pid for pid in candidates if pid in processes), limit))
