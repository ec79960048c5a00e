"""Traffic of disks."""

import os

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile, folder_names, text

_SECTOR_BYTES = 512  # of this file, whatever the disk's own are
_NO_DISKS = ("fd", "loop", "ram", "sr", "zram")


def parse_diskstats(data: bytes) -> dict[str, list[int]]:
    """Read /proc/diskstats: the counters after the name, by name of the device."""
    counters = {}
    for line in data.splitlines():
        _major, _minor, name, *numbers = line.split()
        if len(numbers) < 10:
            raise ValueError(f"too few counters for {text(name)}")
        counters[text(name)] = [int(number) for number in numbers[:10]]
    return counters


class Disks(Collector):
    """Whole disks.

    Partitions, and devices that are built on other devices (device mapper, RAID), are left out: their traffic is
    that of the disks below, and would be counted twice.
    """

    name = "disks"

    def __init__(self, context: Context) -> None:
        self._diskstats = KernelFile(context.proc("diskstats"))
        self._block = context.sys("block")
        self._whole: dict[str, bool] = {}

    def collect(self) -> Readings:
        values: dict[Key, float] = {}
        counters = parse_diskstats(self._diskstats.read())
        if counters.keys() != self._whole.keys():
            self._whole = {name: self._is_whole_disk(name) for name in counters}
        for name, numbers in counters.items():
            if self._whole[name]:
                values.update(_readings(name, numbers))
        return Readings(values)

    def _is_whole_disk(self, name: str) -> bool:
        if name.rstrip("0123456789") in _NO_DISKS:
            return False
        folder = f"{self._block}/{name.replace('/', '!')}"  # as sysfs writes cciss/c0d0
        return os.path.isdir(folder) and not folder_names(f"{folder}/slaves")


def _readings(device: str, numbers: list[int]) -> dict[Key, float]:
    reads, _, sectors_read, read_ms, writes, _, sectors_written, write_ms, _, busy_ms = numbers
    return {
        ("system.disk.io", "read", device): sectors_read * _SECTOR_BYTES,
        ("system.disk.io", "write", device): sectors_written * _SECTOR_BYTES,
        ("system.disk.operations", "read", device): reads,
        ("system.disk.operations", "write", device): writes,
        ("system.disk.operation_time", "read", device): read_ms / 1000,
        ("system.disk.operation_time", "write", device): write_ms / 1000,
        ("system.disk.io_time", device): busy_ms / 1000,
    }
