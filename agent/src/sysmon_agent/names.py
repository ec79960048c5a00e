"""The one table of metric names, shared by agent and appliance.

Canonical names are OpenTelemetry's semantic conventions 1.44 (https://opentelemetry.io/schemas/1.44.0), or the
collector's own names where the conventions have none; what neither has begins with `sysmon.`. Names are translated at
the edges only: `prometheus_name` gives the form that PromQL, /metrics and remote write use.
"""

import struct
from dataclasses import dataclass
from enum import Enum

STALE_NAN: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""Prometheus's stale marker: the value of a series that has none at this tick."""


class Kind(Enum):
    """How values of a metric behave in time."""

    COUNTER = "counter"  # only grows, until a restart
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    name: str  # canonical
    unit: str  # UCUM: s, By, 1, Hz, Cel, By/s, or {things}
    kind: Kind
    attributes: tuple[str, ...]
    node_exporter: str  # the nearest metric of node_exporter, or an empty string
    description: str


_C, _G = Kind.COUNTER, Kind.GAUGE
_CPU = ("cpu.logical_number", "cpu.mode")
_FILESYSTEM = ("system.device", "system.filesystem.mountpoint", "system.filesystem.type")
_DISK = ("disk.io.direction", "system.device")
_NET = ("network.interface.name", "network.io.direction")
_NIC = ("network.interface.name",)

METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("system.cpu.time", "s", _C, _CPU, "node_cpu_seconds_total",
               "Time each logical CPU spent in each mode."),
        Metric("system.cpu.logical.count", "{cpu}", _G, (), "", "Logical CPUs that are online."),
        Metric("system.cpu.load_average.1m", "{thread}", _G, (), "node_load1",
               "Runnable and uninterruptible threads, averaged over one minute."),
        Metric("system.cpu.load_average.5m", "{thread}", _G, (), "node_load5",
               "Runnable and uninterruptible threads, averaged over five minutes."),
        Metric("system.cpu.load_average.15m", "{thread}", _G, (), "node_load15",
               "Runnable and uninterruptible threads, averaged over fifteen minutes."),
        Metric("system.memory.usage", "By", _G, ("system.memory.state",), "node_memory_*_bytes",
               "Memory by state: used, free, cached, buffers."),
        Metric("system.memory.limit", "By", _G, (), "node_memory_MemTotal_bytes", "Memory of the machine."),
        Metric("system.memory.linux.available", "By", _G, (), "node_memory_MemAvailable_bytes",
               "Memory that programs can still get without swapping."),
        Metric("system.paging.usage", "By", _G, ("system.paging.state",), "node_memory_Swap*_bytes",
               "Swap space by state: used, free."),
        Metric("system.paging.operations", "{operation}", _C, ("system.paging.direction",), "node_vmstat_pswp*",
               "Pages swapped in and out."),
        Metric("system.filesystem.usage", "By", _G, (*_FILESYSTEM, "system.filesystem.state"),
               "node_filesystem_*_bytes", "Filesystem space by state: used, free, reserved."),
        Metric("system.filesystem.limit", "By", _G, _FILESYSTEM, "node_filesystem_size_bytes",
               "Size of a filesystem."),
        Metric("system.filesystem.inodes.usage", "{inode}", _G, (*_FILESYSTEM, "system.filesystem.state"),
               "node_filesystem_files*", "Inodes by state: used, free."),
        Metric("system.disk.io", "By", _C, _DISK, "node_disk_{read,written}_bytes_total",
               "Bytes read from and written to a disk."),
        Metric("system.disk.operations", "{operation}", _C, _DISK, "node_disk_{reads,writes}_completed_total",
               "Operations completed by a disk."),
        Metric("system.disk.operation_time", "s", _C, _DISK, "node_disk_{read,write}_time_seconds_total",
               "Time that operations took, summed over them."),
        Metric("system.disk.io_time", "s", _C, ("system.device",), "node_disk_io_time_seconds_total",
               "Time in which a disk had at least one operation under way."),
        Metric("system.network.io", "By", _C, _NET, "node_network_{receive,transmit}_bytes_total",
               "Bytes received and transmitted by an interface."),
        Metric("system.network.packet.count", "{packet}", _C, _NET,
               "node_network_{receive,transmit}_packets_total", "Packets received and transmitted."),
        Metric("system.network.errors", "{error}", _C, _NET, "node_network_{receive,transmit}_errs_total",
               "Packets received or transmitted with an error."),
        Metric("system.network.packet.dropped", "{packet}", _C, _NET,
               "node_network_{receive,transmit}_drop_total", "Packets dropped."),
        Metric("hw.network.bandwidth.limit", "By/s", _G, _NIC, "node_network_speed_bytes",
               "Speed that an interface has negotiated."),
        Metric("hw.network.up", "1", _G, _NIC, "node_network_up", "1 while the interface is up, else 0."),
        Metric("sysmon.pressure.stall_time", "s", _C, ("sysmon.pressure.kind", "sysmon.pressure.resource"),
               "node_pressure_*_seconds_total",
               "Time in which some or all tasks waited for a resource: cpu, memory, io."),
        Metric("hw.temperature", "Cel", _G, ("hw.id", "hw.sensor_location"), "node_hwmon_temp_celsius",
               "Temperature that a sensor shows."),
        Metric("system.uptime", "s", _G, (), "node_boot_time_seconds", "Time since boot."),
        Metric("system.process.count", "{process}", _G, ("process.state",), "node_processes_state",
               "Processes by state: running, sleeping, uninterruptible, stopped, defunct, idle."),
        Metric("system.process.created", "{process}", _C, (), "node_forks_total", "Processes created since boot."),
        Metric("sysmon.agent.cpu.time", "s", _C, (), "process_cpu_seconds_total", "CPU time the agent itself used."),
        Metric("sysmon.agent.memory.usage", "By", _G, (), "process_resident_memory_bytes",
               "Resident memory of the agent itself."),
        Metric("sysmon.agent.collector.duration", "s", _G, ("sysmon.collector",),
               "node_scrape_collector_duration_seconds", "Time a collector took at this tick."),
        Metric("sysmon.agent.collector.failures", "{failure}", _C, ("sysmon.collector",),
               "node_scrape_collector_success", "Ticks at which a collector failed."),
        Metric("sysmon.agent.spool.usage", "By", _G, (), "", "Bytes in the spool."),
        Metric("sysmon.agent.spool.waiting", "{tick}", _G, (), "",
               "Ticks in the spool that no aggregator has called durable yet."),
    )
}  # fmt: skip

PROCESS_TABLE = "processes"
"""Name of the table of the top processes; its columns are PROCESS_COLUMNS."""

PROCESS_COLUMNS: tuple[tuple[str, bool], ...] = (
    ("pid", False),
    ("name", True),
    ("user", True),
    ("state", True),
    ("cpu", False),  # share of one core since the tick before: 1.0 is one core busy
    ("memory", False),  # resident bytes
    ("read", False),  # bytes per second from disks since the tick before; stale NaN where not permitted
    ("write", False),  # bytes per second to disks since the tick before; stale NaN where not permitted
    ("threads", False),
    ("started", False),  # seconds since the epoch
    ("command", True),  # redacted by default
)
"""Name of each column and whether it holds text."""

_UNIT_SUFFIX = {"s": "seconds", "By": "bytes", "Hz": "hertz", "Cel": "celsius", "By/s": "bytes_per_second"}


def prometheus_name(metric: Metric) -> str:
    """Translate a canonical name as OpenTelemetry's Prometheus exporter does.

    Dots become underscores, the unit is appended unless the name ends with it, `_ratio` marks gauges of unit 1 and
    `_total` marks counters.
    """
    base = metric.name.replace(".", "_")
    suffix = _UNIT_SUFFIX.get(metric.unit, "ratio" if metric.unit == "1" and metric.kind is Kind.GAUGE else "")
    if suffix and not base.endswith("_" + suffix):
        base += "_" + suffix
    return base + "_total" if metric.kind is Kind.COUNTER else base
