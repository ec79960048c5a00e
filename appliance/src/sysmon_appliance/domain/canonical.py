"""The canonical fleet metrics: the few numbers by which hosts of any kind are compared.

A table and nothing else, so that commands read it without loading what computes it (domain/projection.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CanonicalMetric:
    name: str
    unit: str
    description: str


CANONICAL: tuple[CanonicalMetric, ...] = (
    CanonicalMetric("cpu", "1", "Busy share of all cores."),
    CanonicalMetric("iowait", "1", "Share of all cores that waited for disks."),
    CanonicalMetric("load1", "{thread}", "Load average of one minute."),
    CanonicalMetric("memory", "1", "Share of memory that programs cannot get any more."),
    CanonicalMetric("memory_used", "By", "The same in bytes."),
    CanonicalMetric("memory_limit", "By", "Memory of the machine."),
    CanonicalMetric("swap", "1", "Used share of swap space."),
    CanonicalMetric("filesystem", "1", "Used share of the fullest filesystem."),
    CanonicalMetric("disk_read", "By/s", "Bytes read from disks."),
    CanonicalMetric("disk_write", "By/s", "Bytes written to disks."),
    CanonicalMetric("disk_busy", "1", "Share of time in which the busiest disk was at work."),
    CanonicalMetric("net_receive", "By/s", "Bytes received by all interfaces."),
    CanonicalMetric("net_transmit", "By/s", "Bytes transmitted by all interfaces."),
    CanonicalMetric("pressure_cpu", "1", "Share of time in which some task waited for a CPU."),
    CanonicalMetric("pressure_memory", "1", "Share of time in which some task waited for memory."),
    CanonicalMetric("pressure_io", "1", "Share of time in which some task waited for a disk."),
    CanonicalMetric("temperature", "Cel", "The hottest sensor."),
    CanonicalMetric("processes", "{process}", "Processes that exist."),
    CanonicalMetric("uptime", "s", "Time since boot."),
)
"""In the order in which the API lists values."""

NAMES: tuple[str, ...] = tuple(metric.name for metric in CANONICAL)
POSITION: dict[str, int] = {name: position for position, name in enumerate(NAMES)}
