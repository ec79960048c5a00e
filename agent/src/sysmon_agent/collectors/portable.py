"""The same subjects by psutil, for systems other than Linux.

Values that a system does not have are left out, as everywhere. Linux never loads this module.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

import psutil

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.cpu import MODES
from sysmon_agent.collectors.own import spool_values
from sysmon_agent.collectors.process_files import Process, ProcessIo
from sysmon_agent.collectors.processes import Processes, ProcessSource

_STATES = {
    psutil.STATUS_RUNNING: "running",
    psutil.STATUS_DISK_SLEEP: "uninterruptible",
    psutil.STATUS_STOPPED: "stopped",
    psutil.STATUS_TRACING_STOP: "stopped",
    psutil.STATUS_ZOMBIE: "defunct",
    psutil.STATUS_DEAD: "defunct",
    psutil.STATUS_IDLE: "idle",
}


class PortableCpu(Collector):
    name = "cpu"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        cpus = psutil.cpu_times(percpu=True)
        values: dict[Key, float] = {("system.cpu.logical.count",): len(cpus)}
        for number, times in enumerate(cpus):
            for mode, seconds in _cpu_modes(times._asdict()).items():
                values["system.cpu.time", str(number), mode] = seconds
        return Readings(values)


def _cpu_modes(times: dict[str, float]) -> dict[str, float]:
    modes = {"irq" if mode == "interrupt" else mode: seconds for mode, seconds in times.items()}
    # The time of guests is inside user and nice as well.
    modes["user"] -= modes.get("guest", 0.0)
    modes["nice"] = modes.get("nice", 0.0) - modes.get("guest_nice", 0.0)
    return {mode: modes[mode] for mode in MODES if mode in modes}


class PortableLoad(Collector):
    name = "load"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        one, five, fifteen = psutil.getloadavg()
        return Readings(
            {
                ("system.cpu.load_average.1m",): one,
                ("system.cpu.load_average.5m",): five,
                ("system.cpu.load_average.15m",): fifteen,
            }
        )


class PortableMemory(Collector):
    name = "memory"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        memory = psutil.virtual_memory()
        cached, buffers = getattr(memory, "cached", 0), getattr(memory, "buffers", 0)
        return Readings(
            {
                ("system.memory.limit",): memory.total,
                ("system.memory.linux.available",): memory.available,
                ("system.memory.usage", "used"): max(0, memory.total - memory.free - cached - buffers),
                ("system.memory.usage", "free"): memory.free,
                ("system.memory.usage", "cached"): cached,
                ("system.memory.usage", "buffers"): buffers,
            }
        )


class PortablePaging(Collector):
    name = "paging"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        swap = psutil.swap_memory()
        page = os.sysconf("SC_PAGE_SIZE")
        return Readings(
            {
                ("system.paging.usage", "used"): swap.used,
                ("system.paging.usage", "free"): swap.free,
                ("system.paging.operations", "in"): swap.sin // page,
                ("system.paging.operations", "out"): swap.sout // page,
            }
        )


class PortableFilesystems(Collector):
    """Those on devices of this machine: psutil cannot tell whether another one would ever answer."""

    name = "filesystems"

    def __init__(self, context: Context) -> None:
        self._ignored = context.settings.ignore_filesystems

    def collect(self) -> Readings:
        values: dict[Key, float] = {}
        devices = set()
        for partition in psutil.disk_partitions():
            if partition.fstype in self._ignored or partition.device in devices:
                continue
            devices.add(partition.device)
            labels = (partition.device, partition.mountpoint, partition.fstype)
            with suppress(OSError):  # a drive without a disk in it
                usage = psutil.disk_usage(partition.mountpoint)
                values["system.filesystem.limit", *labels] = usage.total
                values["system.filesystem.usage", *labels, "used"] = usage.used
                values["system.filesystem.usage", *labels, "free"] = usage.free
                values["system.filesystem.usage", *labels, "reserved"] = usage.total - usage.used - usage.free
        return Readings(values)


class PortableDisks(Collector):
    name = "disks"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        values: dict[Key, float] = {}
        for device, io in psutil.disk_io_counters(perdisk=True).items():
            values["system.disk.io", "read", device] = io.read_bytes
            values["system.disk.io", "write", device] = io.write_bytes
            values["system.disk.operations", "read", device] = io.read_count
            values["system.disk.operations", "write", device] = io.write_count
            values["system.disk.operation_time", "read", device] = getattr(io, "read_time", 0) / 1000
            values["system.disk.operation_time", "write", device] = getattr(io, "write_time", 0) / 1000
            if hasattr(io, "busy_time"):
                values["system.disk.io_time", device] = io.busy_time / 1000
        return Readings(values)


class PortableNetwork(Collector):
    name = "network"

    def __init__(self, context: Context) -> None:
        self._patterns = context.settings.ignore_interfaces

    def collect(self) -> Readings:
        values: dict[Key, float] = {}
        links = psutil.net_if_stats()
        for name, io in psutil.net_io_counters(pernic=True).items():
            if any(fnmatchcase(name, pattern) for pattern in self._patterns):
                continue
            values.update(_traffic(name, io._asdict()))
            if name in links:
                values["hw.network.up", name] = int(links[name].isup)
                if links[name].speed:
                    values["hw.network.bandwidth.limit", name] = links[name].speed * 1_000_000 / 8
        return Readings(values)


def _traffic(name: str, io: dict[str, int]) -> dict[Key, float]:
    values: dict[Key, float] = {}
    for direction, sign, letters in (("receive", "recv", "in"), ("transmit", "sent", "out")):
        values["system.network.io", name, direction] = io[f"bytes_{sign}"]
        values["system.network.packet.count", name, direction] = io[f"packets_{sign}"]
        values["system.network.errors", name, direction] = io[f"err{letters}"]
        values["system.network.packet.dropped", name, direction] = io[f"drop{letters}"]
    return values


class PortableTemperatures(Collector):
    name = "temperatures"

    def __init__(self, context: Context) -> None: ...

    def collect(self) -> Readings:
        read = getattr(psutil, "sensors_temperatures", dict)  # not on every system
        return Readings(
            {
                ("hw.temperature", chip, sensor.label or f"temp{number}"): sensor.current
                for chip, sensors in read().items()
                for number, sensor in enumerate(sensors, 1)
            }
        )


class PortableUptime(Collector):
    name = "uptime"

    def __init__(self, context: Context) -> None:
        self._clock = context.clock

    def collect(self) -> Readings:
        return Readings({("system.uptime",): self._clock.wall_ms() / 1000 - psutil.boot_time()})


class PortableProcesses(Processes):
    @staticmethod
    def source(_context: Context) -> ProcessSource:
        return PsutilProcesses()


class PsutilProcesses:
    """Processes as psutil sees them; attributes that are not ours to see are empty."""

    def scan(self) -> Iterator[Process]:
        names = ["pid", "name", "status", "cpu_times", "num_threads", "create_time", "memory_info"]
        boot = psutil.boot_time()
        for process in psutil.process_iter(names, ad_value=None):
            yield _process(process.info, boot)

    def io(self, pid: int) -> ProcessIo | None:
        with suppress(psutil.Error, AttributeError):  # macOS has no such counters
            io = psutil.Process(pid).io_counters()
            return ProcessIo(io.read_bytes, io.write_bytes)
        return None

    def user(self, pid: int) -> str:
        with suppress(psutil.Error):
            return psutil.Process(pid).username()
        return ""

    def command(self, pid: int) -> list[str]:
        with suppress(psutil.Error):
            return psutil.Process(pid).cmdline()
        return []


def _process(info: dict[str, Any], boot: float) -> Process:
    times, memory = info["cpu_times"], info["memory_info"]
    return Process(
        info["pid"],
        info["name"] or "",
        _STATES.get(info["status"], "sleeping"),
        times.user + times.system if times else 0.0,
        info["num_threads"] or 0,
        (info["create_time"] or boot) - boot,
        memory.rss if memory else 0,
    )


class PortableOwn(Collector):
    name = "agent"

    def __init__(self, context: Context) -> None:
        self._process = psutil.Process()
        self._spool = context.spool

    def collect(self) -> Readings:
        times = self._process.cpu_times()
        values: dict[Key, float] = {
            ("sysmon.agent.cpu.time",): times.user + times.system,
            ("sysmon.agent.memory.usage",): self._process.memory_info().rss,
        }
        return Readings(values | spool_values(self._spool))


PORTABLE_REGISTRY: tuple[type[Collector], ...] = (
    PortableCpu,
    PortableLoad,
    PortableMemory,
    PortablePaging,
    PortableFilesystems,
    PortableDisks,
    PortableNetwork,
    PortableTemperatures,
    PortableUptime,
    PortableProcesses,
    PortableOwn,
)
"""The collectors of every other system, in the order in which they run."""
