"""CPU time by core and mode."""

import os

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def parse_stat(data: bytes) -> tuple[dict[str, list[float]], int]:
    """Read /proc/stat: seconds in each of MODES by logical CPU, and the number of processes created since boot."""
    cpus: dict[str, list[float]] = {}
    for line in data.split(b"\nintr", 1)[0].split(b"\n"):
        name, *times = line.split()
        if name != b"cpu":
            cpus[name.removeprefix(b"cpu").decode("ascii")] = _seconds(times)
    return cpus, int(data.partition(b"\nprocesses ")[2].split(b"\n", 1)[0])


def _seconds(times: list[bytes]) -> list[float]:
    ticks = [int(time) for time in times[:10]]
    ticks += [0] * (10 - len(ticks))  # old kernels count fewer modes
    # The time of guests is inside user and nice as well.
    ticks[0] = max(0, ticks[0] - ticks[8])
    ticks[1] = max(0, ticks[1] - ticks[9])
    return [count / _TICKS_PER_SECOND for count in ticks[:8]]


class Cpu(Collector):
    """CPU time and, because the same file counts them, processes created."""

    name = "cpu"

    def __init__(self, context: Context) -> None:
        self._stat = KernelFile(context.proc("stat"))

    def collect(self) -> Readings:
        cpus, created = parse_stat(self._stat.read())
        values: dict[Key, float] = {
            ("system.cpu.time", number, mode): seconds
            for number, times in cpus.items()
            for mode, seconds in zip(MODES, times, strict=True)
        }
        values["system.cpu.logical.count",] = len(cpus)
        values["system.process.created",] = created
        return Readings(values)
