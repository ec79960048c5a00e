"""Hosts, batches and the ports behind the read side, held in memory for tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from sysmon_agent.wire.messages import Attributes, Gap, Schema, Series, TableRows, TableSchema
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.health import StorageState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.ticks import HostSegments, StoredRow

START_MS = 1_800_000_000_000

HEALTHY = StorageState(
    writable=True, detail="", last_commit_ms=START_MS, waiting=0, database_bytes=1 << 20, free_bytes=1 << 30
)


def host(key: int = 1, name: str = "", **fields: object) -> Host:
    """Make a host; its id counts up with its key."""
    values = {"interval_ms": 10_000, "first_seen_ms": START_MS, "boot_id": "b" * 32} | fields
    return Host(key=key, host_id=f"{key:032x}", name=name or f"host-{key}", **values)  # type: ignore[arg-type]


def series(metric: str, **attributes: str) -> Series:
    """Make a series; two underscores in an attribute's keyword stand for a dot."""
    return Series(metric, tuple(sorted((key.replace("__", "."), value) for key, value in attributes.items())))


def schema(*lines: Series, key: int = 1, tables: tuple[TableSchema, ...] = ()) -> KnownSchema:
    return KnownSchema(key, key.to_bytes(16, "big"), Schema(lines, tables))


def batch(
    known: KnownSchema,
    ticks: Sequence[tuple[int, Sequence[float]]],
    *,
    host: int = 1,
    skipped: tuple[Gap, ...] = (),
    tables: tuple[TableRows, ...] = (),
    received_ms: int | None = None,
) -> StoredBatch:
    """Make a committed batch of (wall_ms, value per series) pairs."""
    values = np.array([row for _, row in ticks], np.float64).reshape(len(ticks), len(known.schema.series))
    newest = max((t for t, _ in ticks), default=START_MS)
    return StoredBatch(
        host=host,
        schema=known,
        wall_ms=np.array([t for t, _ in ticks], np.int64),
        values=np.ascontiguousarray(values.T),
        skipped=skipped,
        tables=tables,
        received_ms=newest if received_ms is None else received_ms,
    )


@dataclass
class Directory:
    """A HostDirectory over a list; keys of hosts count up from 1."""

    hosts: list[Host] = field(default_factory=list)

    def all(self) -> list[Host]:
        return self.hosts

    def find(self, host_id: str) -> Host | None:
        return next((each for each in self.hosts if each.host_id == host_id), None)

    def by_key(self, key: int) -> Host:
        if not 0 < key <= len(self.hosts):
            raise KeyError(key)
        return self.hosts[key - 1]


@dataclass
class ListHead:
    """A HeadReader over a list of batches."""

    stored: list[StoredBatch] = field(default_factory=list)

    def batches(self, host: int, from_ms: int, to_ms: int, *, tables: bool = False) -> Iterator[StoredBatch]:
        del tables
        for each in sorted(self.stored, key=lambda each: int(each.wall_ms[0]) if len(each.wall_ms) else 0):
            if each.host == host and ((each.wall_ms >= from_ms) & (each.wall_ms <= to_ms)).any():
                yield each

    def newest_ms(self, host: int) -> int | None:
        return max((int(each.wall_ms.max()) for each in self.stored if each.host == host), default=None)


class NoSegments:
    """A TickReader, and the HostSegments, of a fleet whose whole past is in the head."""

    @contextmanager
    def of_host(self, host: int, from_ms: int, to_ms: int) -> Iterator[HostSegments]:
        del host, from_ms, to_ms
        yield self

    def rows(self, kind: Kind, *, merged: bool) -> Sequence[StoredRow]:
        del kind, merged
        return ()

    def days(self, kind: Kind) -> frozenset[int]:
        del kind
        return frozenset()

    def torn(self, kind: Kind) -> frozenset[int]:
        del kind
        return frozenset()


@dataclass
class Ledger:
    """A LedgerReader over a list."""

    accounts: list[LedgerEntry] = field(default_factory=list)

    def entries(self) -> list[LedgerEntry]:
        return self.accounts


@dataclass
class Health:
    """A StorageHealth that says what it is told to."""

    now: StorageState = field(default_factory=lambda: HEALTHY)

    def state(self) -> StorageState:
        return self.now


def machine(cores: int = 2, disks: Sequence[str] = ("sda",), nics: Sequence[str] = ("eth0",)) -> list[Series]:
    """List the series that an ordinary Linux host has."""
    modes = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    found = [
        series("system.cpu.time", cpu__logical_number=str(core), cpu__mode=mode)
        for core in range(cores)
        for mode in modes
    ]
    found += [series(f"system.cpu.load_average.{span}") for span in ("1m", "5m", "15m")]
    found += [series("system.memory.limit"), series("system.memory.linux.available")]
    found += [series("system.memory.usage", system__memory__state=s) for s in ("used", "free", "cached", "buffers")]
    found += [series("system.paging.usage", system__paging__state=s) for s in ("used", "free")]
    mounts = [("/dev/sda1", "/", "ext4"), ("/dev/sda2", "/var", "ext4")]
    for device, point, kind in mounts:
        where = {
            "system__device": device,
            "system__filesystem__mountpoint": point,
            "system__filesystem__type": kind,
        }
        found += [
            series(f"system.filesystem.{what}", **where, system__filesystem__state=state)
            for what, states in (("usage", ("used", "free", "reserved")), ("inodes.usage", ("used", "free")))
            for state in states
        ]
    for disk in disks:
        found += [series("system.disk.io", system__device=disk, disk__io__direction=d) for d in ("read", "write")]
        found.append(series("system.disk.io_time", system__device=disk))
    for nic in nics:
        found += [
            series(metric, network__interface__name=nic, network__io__direction=direction)
            for metric in ("system.network.io", "system.network.packet.count", "system.network.errors")
            for direction in ("receive", "transmit")
        ]
    found += [
        series("sysmon.pressure.stall_time", sysmon__pressure__resource=resource, sysmon__pressure__kind="some")
        for resource in ("cpu", "memory", "io")
    ]
    found.append(series("hw.temperature", hw__id="coretemp/1", hw__sensor_location="Package id 0"))
    found += [series("system.process.count", process__state=state) for state in ("running", "sleeping")]
    return [*found, series("system.uptime")]


def facts(**pairs: str) -> Attributes:
    return tuple(sorted(pairs.items()))
