"""What programs cost, by the kernel's own accounting, and how a benchmark prints what it found.

CPU is that of a whole process tree, children that have ended included; never wall time. A benchmark prints one JSON
object per line on standard output and nothing else.
"""

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def process_tree(pid: int) -> list[int]:
    """Return a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, ())
    return found


def process_count() -> int:
    """Return how many processes the machine has, threads of the kernel included."""
    return sum(folder.name.isdecimal() for folder in _PROC.iterdir())


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a tree, with that of children that it has waited for; exact to 10 ms."""
    fields = [_stat(one) for one in process_tree(pid)]
    return sum(sum(map(int, one[11:15])) for one in fields if one) / _TICKS_PER_SECOND


def children_cpu_seconds(pid: int) -> float:
    """Return user and system time of a process's children that have ended, and of theirs; exact to 10 ms."""
    return sum(map(int, _stat(pid)[13:15])) / _TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a tree; pages that its processes share count for each of them."""
    page = os.sysconf("SC_PAGE_SIZE")
    fields = [_stat(one) for one in process_tree(pid)]
    return sum(int(one[21]) * page for one in fields if one)


def settle(pid: int, *, quiet: float = 0.03, patience: float = 60) -> None:
    """Wait until a tree has used less than `quiet` of a core for three seconds, or patience is over."""
    end, calm, before = time.monotonic() + patience, 0, cpu_seconds(pid)
    while calm < 3 and time.monotonic() < end:
        time.sleep(1)
        now = cpu_seconds(pid)
        calm = calm + 1 if now - before <= quiet else 0
        before = now


def _stat(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat after the name, or nothing where the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2].split()
    except OSError:
        return []


@dataclass(frozen=True, slots=True)
class Peer:
    """What another program needed for the same work, in the same call."""

    name: str  # with its version
    value: float


def report(name: str, value: float, unit: str, *, conditions: str, peer: Peer | None = None) -> None:
    """Print one figure; without a peer, `conditions` says why there is none."""
    line = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "peer": peer.name if peer else None,
        "peer_value": round(peer.value, 4) if peer else None,
        "ratio": round(value / peer.value, 3) if peer and peer.value else None,
        "conditions": conditions,
    }
    print(json.dumps(line), flush=True)


def machine() -> str:
    """Name what was measured on."""
    return f"Linux {platform.release()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
