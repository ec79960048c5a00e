"""Load averages."""

from sysmon_agent.collectors.base import Collector, Context, Readings
from sysmon_agent.collectors.files import KernelFile


def parse_loadavg(data: bytes) -> tuple[float, float, float]:
    """Read /proc/loadavg: the averages over one, five and fifteen minutes."""
    one, five, fifteen, *_ = data.split()
    return float(one), float(five), float(fifteen)


class Load(Collector):
    name = "load"

    def __init__(self, context: Context) -> None:
        self._loadavg = KernelFile(context.proc("loadavg"))

    def collect(self) -> Readings:
        one, five, fifteen = parse_loadavg(self._loadavg.read())
        return Readings(
            {
                ("system.cpu.load_average.1m",): one,
                ("system.cpu.load_average.5m",): five,
                ("system.cpu.load_average.15m",): fifteen,
            }
        )
