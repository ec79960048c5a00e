"""What the agent itself uses."""

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile
from sysmon_agent.collectors.process_files import parse_process_stat


class Own(Collector):
    name = "agent"

    def __init__(self, context: Context) -> None:
        self._stat = KernelFile(context.proc("self/stat"))
        self._spool_bytes = context.spool_bytes

    def collect(self) -> Readings:
        process = parse_process_stat(self._stat.read())
        values: dict[Key, float] = {
            ("sysmon.agent.cpu.time",): process.cpu_seconds,
            ("sysmon.agent.memory.usage",): process.resident_bytes,
        }
        if self._spool_bytes:
            values["sysmon.agent.spool.usage",] = self._spool_bytes()
        return Readings(values)
