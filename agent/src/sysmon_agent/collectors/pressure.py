"""Pressure stall information: how long tasks waited for CPU, memory and I/O."""

import errno

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile

_RESOURCES = ("cpu", "memory", "io")
_ABSENT = (errno.ENOENT, errno.EOPNOTSUPP)  # kernels before 4.20; kernels started with psi=0


def parse_pressure(data: bytes) -> dict[str, float]:
    """Read a file of /proc/pressure: seconds stalled since boot, by kind: some, full."""
    seconds = {}
    for line in data.splitlines():
        kind, *_, total = line.split()
        seconds[kind.decode("ascii")] = int(total.removeprefix(b"total=")) / 1e6
    return seconds


class Pressure(Collector):
    """Nothing at all on kernels without pressure stall information."""

    name = "pressure"

    def __init__(self, context: Context) -> None:
        self._files = {resource: KernelFile(context.proc(f"pressure/{resource}")) for resource in _RESOURCES}

    def collect(self) -> Readings:
        values: dict[Key, float] = {}
        try:
            for resource, file in self._files.items():
                for kind, seconds in parse_pressure(file.read()).items():
                    values["sysmon.pressure.stall_time", kind, resource] = seconds
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
        # For the whole machine the kernel defines no such thing, and shows a constant zero.
        values.pop(("sysmon.pressure.stall_time", "full", "cpu"), None)
        return Readings(values)
