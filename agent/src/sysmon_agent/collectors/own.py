"""What the agent itself uses."""

from sysmon_agent.collectors.base import Collector, Context, Key, Readings, SpoolGauge
from sysmon_agent.collectors.files import KernelFile
from sysmon_agent.collectors.process_files import parse_process_stat


class Own(Collector):
    name = "agent"

    def __init__(self, context: Context) -> None:
        self._stat = KernelFile(context.proc("self/stat"))
        self._spool = context.spool

    def collect(self) -> Readings:
        process = parse_process_stat(self._stat.read())
        values: dict[Key, float] = {
            ("sysmon.agent.cpu.time",): process.cpu_seconds,
            ("sysmon.agent.memory.usage",): process.resident_bytes,
        }
        return Readings(values | spool_values(self._spool))


def spool_values(spool: SpoolGauge | None) -> dict[Key, float]:
    """Measure what waits to be delivered."""
    if spool is None:
        return {}
    return {
        ("sysmon.agent.spool.usage",): spool.used_bytes(),
        ("sysmon.agent.spool.waiting",): spool.waiting_ticks(),
    }
