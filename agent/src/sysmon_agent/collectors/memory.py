"""Memory by state."""

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile


def parse_meminfo(data: bytes) -> dict[bytes, int]:
    """Read /proc/meminfo: bytes by name."""
    sizes = {}
    for line in data.splitlines():
        name, _, rest = line.partition(b":")
        number, *unit = rest.split()
        sizes[name] = int(number) * 1024 if unit else int(number)
    return sizes


class Memory(Collector):
    name = "memory"

    def __init__(self, context: Context) -> None:
        self._meminfo = KernelFile(context.proc("meminfo"))

    def collect(self) -> Readings:
        sizes = parse_meminfo(self._meminfo.read())
        total, free, buffers = sizes[b"MemTotal"], sizes[b"MemFree"], sizes[b"Buffers"]
        # Reclaimable slabs are caches too, of names and inodes: they are given back under pressure.
        cached = sizes[b"Cached"] + sizes.get(b"SReclaimable", 0)
        values: dict[Key, float] = {
            ("system.memory.limit",): total,
            ("system.memory.usage", "used"): max(0, total - free - buffers - cached),
            ("system.memory.usage", "free"): free,
            ("system.memory.usage", "cached"): cached,
            ("system.memory.usage", "buffers"): buffers,
        }
        if b"MemAvailable" in sizes:  # since Linux 3.14
            values["system.memory.linux.available",] = sizes[b"MemAvailable"]
        return Readings(values)
