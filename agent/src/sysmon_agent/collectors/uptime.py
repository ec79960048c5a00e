"""Time since boot."""

from sysmon_agent.collectors.base import Collector, Context, Readings
from sysmon_agent.collectors.files import KernelFile


def parse_uptime(data: bytes) -> float:
    """Read /proc/uptime: seconds since boot."""
    uptime, *_ = data.split()
    return float(uptime)


class Uptime(Collector):
    name = "uptime"

    def __init__(self, context: Context) -> None:
        self._uptime = KernelFile(context.proc("uptime"))

    def collect(self) -> Readings:
        return Readings({("system.uptime",): parse_uptime(self._uptime.read())})
