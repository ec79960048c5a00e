"""What a simulated host measures: the level from its role, the movement from the recording."""

import math
import struct
from collections import defaultdict
from collections.abc import Iterator

from sysmon_agent.wire.messages import Attributes, Schema, Series, TableRows
from sysmon_appliance.demo.fleet import Character
from sysmon_appliance.demo.programs import TABLE, process_rows
from sysmon_appliance.demo.recording import Signals

Sample = tuple[str, Attributes, float]

_MODE_SHARES = {"user": 0.68, "system": 0.19, "iowait": 0.08, "softirq": 0.05}
_MOST_BUSY = 0.985
_BLOCK = 24_576  # bytes in a typical disk operation
_PACKET = 900  # bytes in a typical packet
_WAVE_SECONDS = 420
_DEVICE, _INTERFACE, _MOUNT = "nvme0n1", "eth0", "/"


class Machine:
    """Counters and gauges of one host; `advance` moves it on by a tick."""

    def __init__(self, character: Character, signals: Signals, *, now_ms: int) -> None:
        self._role = character.role
        self._signals = signals
        self._tick = character.phase
        self._uptime = character.uptime_seconds
        self._booted = now_ms / 1000 - character.uptime_seconds
        self._elapsed = 0.0
        self._counters: defaultdict[tuple[str, Attributes], float] = defaultdict(float)
        self._busy = 0.0
        self.schema = self._schema()

    def advance(self, seconds: float) -> tuple[bytes, TableRows]:
        """Return the columns and the process table of the tick that ends `seconds` after the one before."""
        self._tick += 1
        self._uptime += seconds
        values = [value for _, _, value in self._samples(seconds)]
        return struct.pack(f"<{len(values)}d", *values), self._processes()

    def _schema(self) -> Schema:
        return Schema(tuple(Series(metric, attributes) for metric, attributes, _ in self._samples(0.0)), (TABLE,))

    def _samples(self, seconds: float) -> Iterator[Sample]:
        self._elapsed += seconds
        yield from self._cpu(seconds)
        yield from self._load()
        yield from self._memory()
        yield from self._filesystem()
        yield from self._disk(seconds)
        yield from self._network(seconds)
        yield from self._pressure(seconds)
        yield "hw.temperature", (("hw.id", "coretemp"), ("hw.sensor_location", "Package")), 36 + 42 * self._busy
        yield from self._counts(seconds)
        yield "system.uptime", (), self._uptime

    def _moved(self, name: str, offset: int = 0) -> float:
        """Return how a signal stands now, on top of the slow wave that every host has of its own."""
        wave = 1 + 0.35 * math.sin(2 * math.pi * (self._elapsed / _WAVE_SECONDS + self._uptime % 97 / 97))
        return wave * self._signals.at(name, self._tick + offset)

    def _count(self, metric: str, attributes: Attributes, increase: float) -> Sample:
        self._counters[metric, attributes] += increase
        return metric, attributes, self._counters[metric, attributes]

    def _cpu(self, seconds: float) -> Iterator[Sample]:
        self._busy = 0.0
        for core in range(self._role.cores):
            # Cores do not move together: each reads the recording a little later than the one before.
            shares = {
                mode: self._role.busy * share * (0.4 + 0.6 * self._moved(mode, 7 * core))
                for mode, share in _MODE_SHARES.items()
            }
            excess = max(1.0, sum(shares.values()) / _MOST_BUSY)
            shares = {mode: share / excess for mode, share in shares.items()}
            self._busy += (sum(shares.values()) - shares["iowait"]) / self._role.cores
            shares |= {"idle": 1 - sum(shares.values()), "irq": 0.0, "nice": 0.0, "steal": 0.0}
            for mode in sorted(shares):
                attributes = (("cpu.logical_number", str(core)), ("cpu.mode", mode))
                yield self._count("system.cpu.time", attributes, shares[mode] * seconds)

    def _load(self) -> Iterator[Sample]:
        load = self._role.cores * self._role.busy * (0.7 + 0.3 * self._moved("load"))
        yield "system.cpu.load_average.1m", (), round(load, 2)
        yield "system.cpu.load_average.5m", (), round(0.5 * (load + self._role.cores * self._role.busy), 2)
        yield "system.cpu.load_average.15m", (), round(self._role.cores * self._role.busy, 2)
        yield "system.cpu.logical.count", (), float(self._role.cores)

    def _memory(self) -> Iterator[Sample]:
        limit = self._role.memory
        used = min(0.97, self._role.memory_used * (0.97 + 0.03 * self._moved("load"))) * limit
        cached = 0.7 * (limit - used)
        buffers = 0.04 * (limit - used)
        states = {"buffers": buffers, "cached": cached, "free": limit - used - cached - buffers, "used": used}
        for state, size in states.items():
            yield "system.memory.usage", (("system.memory.state", state),), float(int(size))
        yield "system.memory.limit", (), float(limit)
        yield "system.memory.linux.available", (), float(int(limit - used))
        swap, swapped = limit // 8, int(limit // 8 * max(0.0, self._role.memory_used - 0.75))
        yield "system.paging.usage", (("system.paging.state", "free"),), float(swap - swapped)
        yield "system.paging.usage", (("system.paging.state", "used"),), float(swapped)

    def _filesystem(self) -> Iterator[Sample]:
        where = (
            ("system.device", f"/dev/{_DEVICE}p1"),
            ("system.filesystem.mountpoint", _MOUNT),
            ("system.filesystem.state", ""),
            ("system.filesystem.type", "ext4"),
        )
        size = self._role.disk
        # A log grows and is rotated: a ripple of one per mille.
        used = size * (self._role.disk_used + 0.001 * (self._elapsed % 600 / 600))
        reserved = 0.05 * size
        states = {"free": max(0.0, size - used - reserved), "reserved": reserved, "used": used}
        for state, amount in states.items():
            yield "system.filesystem.usage", _with_state(where, state), float(int(amount))
        yield "system.filesystem.limit", (where[0], where[1], where[3]), float(size)
        inodes = size // 16_384
        for state, share in (("free", 0.93), ("used", 0.07)):
            yield "system.filesystem.inodes.usage", _with_state(where, state), float(int(inodes * share))

    def _disk(self, seconds: float) -> Iterator[Sample]:
        rates = {"read": self._role.read, "write": self._role.write}
        operations = {way: rate * self._moved(way) / _BLOCK for way, rate in rates.items()}
        for way, rate in operations.items():
            attributes = (("disk.io.direction", way), ("system.device", _DEVICE))
            yield self._count("system.disk.io", attributes, int(rate * seconds) * _BLOCK)
            yield self._count("system.disk.operations", attributes, int(rate * seconds))
            yield self._count("system.disk.operation_time", attributes, rate * seconds * 0.0006)
        busy = min(1.0, sum(operations.values()) * 0.00025)
        yield self._count("system.disk.io_time", (("system.device", _DEVICE),), busy * seconds)

    def _network(self, seconds: float) -> Iterator[Sample]:
        # A server's traffic comes with its work; the bursts of the recording come on top.
        served = self._busy / self._role.busy
        for way, rate in (("receive", self._role.receive), ("transmit", self._role.transmit)):
            attributes = (("network.interface.name", _INTERFACE), ("network.io.direction", way))
            size = int(rate * (0.8 * served + 0.2 * self._moved(way)) * seconds)
            yield self._count("system.network.io", attributes, size)
            yield self._count("system.network.packet.count", attributes, size // _PACKET)
            yield self._count("system.network.errors", attributes, 0)
            yield self._count("system.network.packet.dropped", attributes, 0)
        yield "hw.network.bandwidth.limit", (("network.interface.name", _INTERFACE),), 1.25e9
        yield "hw.network.up", (("network.interface.name", _INTERFACE),), 1.0

    def _pressure(self, seconds: float) -> Iterator[Sample]:
        waits = {
            "cpu": 0.3 * self._busy**2,
            "io": 0.12 * self._role.busy * self._moved("iowait"),
            "memory": 0.02 * max(0.0, self._role.memory_used - 0.8),
        }
        for resource, share in waits.items():
            for kind, part in (("full", 0.4), ("some", 1.0)):
                attributes = (("sysmon.pressure.kind", kind), ("sysmon.pressure.resource", resource))
                yield self._count("sysmon.pressure.stall_time", attributes, min(1.0, share) * part * seconds)

    def _counts(self, seconds: float) -> Iterator[Sample]:
        running = 1 + int(self._busy * self._role.cores)
        states = {"defunct": 0, "idle": 60, "running": running, "sleeping": 90 + 12 * self._role.cores}
        for state, count in states.items():
            yield "system.process.count", (("process.state", state),), float(count)
        yield self._count("system.process.created", (), int(6 * self._moved("created") * seconds))

    def _processes(self) -> TableRows:
        return process_rows(self._role, busy=self._busy, booted_seconds=self._booted, tick=self._tick)


def _with_state(where: Attributes, state: str) -> Attributes:
    return tuple((key, state if key == "system.filesystem.state" else value) for key, value in where)
