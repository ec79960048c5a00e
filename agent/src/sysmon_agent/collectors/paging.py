"""Swap space and the traffic to and from it."""

from sysmon_agent.collectors.base import Collector, Context, Readings
from sysmon_agent.collectors.files import KernelFile
from sysmon_agent.collectors.memory import parse_meminfo


def parse_vmstat(data: bytes) -> tuple[int, int]:
    """Read /proc/vmstat: pages swapped in and out since boot."""
    swapped_in = data.partition(b"pswpin ")[2].split(b"\n", 1)[0]
    swapped_out = data.partition(b"pswpout ")[2].split(b"\n", 1)[0]
    return int(swapped_in), int(swapped_out)


class Paging(Collector):
    name = "paging"

    def __init__(self, context: Context) -> None:
        self._meminfo = KernelFile(context.proc("meminfo"))
        self._vmstat = KernelFile(context.proc("vmstat"))

    def collect(self) -> Readings:
        sizes = parse_meminfo(self._meminfo.read())
        total, free = sizes[b"SwapTotal"], sizes[b"SwapFree"]
        swapped_in, swapped_out = parse_vmstat(self._vmstat.read())
        return Readings(
            {
                ("system.paging.usage", "used"): max(0, total - free),
                ("system.paging.usage", "free"): free,
                ("system.paging.operations", "in"): swapped_in,
                ("system.paging.operations", "out"): swapped_out,
            }
        )
