"""The canonical metrics out of ticks, for many hosts at once.

Hosts differ in devices, so each schema gets a Projection once: which of its columns the metrics need, and how they
are grouped. The arithmetic then runs over many hosts together, whatever their schemas.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sysmon_appliance.domain.canonical import NAMES
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Flags, Floats, Indexes, Terms, maxima, rates, ratio, sums

Chooses = Callable[[dict[str, str]], bool]


def _any(_: dict[str, str]) -> bool:
    return True


def _where(**wanted: str) -> Chooses:
    """Choose series by attributes; an underscore in a keyword stands for a dot."""
    rules = [(key.replace("_", "."), value.split("|")) for key, value in wanted.items()]
    return lambda attributes: all(attributes.get(key) in values for key, values in rules)


def _pressure(resource: str) -> Chooses:
    return _where(sysmon_pressure_kind="some", sysmon_pressure_resource=resource)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A group of columns that one canonical metric needs."""

    name: str
    metric: str
    chooses: Chooses = _any


_COUNTER_SLOTS = (
    _Slot("cpu_all", "system.cpu.time"),
    _Slot("cpu_idle", "system.cpu.time", _where(cpu_mode="idle|iowait")),
    _Slot("cpu_iowait", "system.cpu.time", _where(cpu_mode="iowait")),
    _Slot("disk_read", "system.disk.io", _where(disk_io_direction="read")),
    _Slot("disk_write", "system.disk.io", _where(disk_io_direction="write")),
    _Slot("net_receive", "system.network.io", _where(network_io_direction="receive")),
    _Slot("net_transmit", "system.network.io", _where(network_io_direction="transmit")),
    _Slot("pressure_cpu", "sysmon.pressure.stall_time", _pressure("cpu")),
    _Slot("pressure_memory", "sysmon.pressure.stall_time", _pressure("memory")),
    _Slot("pressure_io", "sysmon.pressure.stall_time", _pressure("io")),
    _Slot("disk_busy", "system.disk.io_time"),
)
_GAUGE_SLOTS = (
    _Slot("load1", "system.cpu.load_average.1m"),
    _Slot("memory_limit", "system.memory.limit"),
    _Slot("memory_available", "system.memory.linux.available"),
    _Slot("swap_used", "system.paging.usage", _where(system_paging_state="used")),
    _Slot("swap_free", "system.paging.usage", _where(system_paging_state="free")),
    _Slot("processes", "system.process.count"),
    _Slot("uptime", "system.uptime"),
    _Slot("temperature", "hw.temperature"),
)
_SLOT_NAMES = (*(slot.name for slot in (*_COUNTER_SLOTS, *_GAUGE_SLOTS)), "filesystem", "filesystem_free")
_SLOTS = len(_SLOT_NAMES)
_LARGEST = np.isin(_SLOT_NAMES, ("disk_busy", "temperature", "filesystem"))
"""Slots of which the largest member counts; of the others the sum does."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What the canonical metrics need of one schema."""

    terms: Terms  # one group per slot
    counter: Flags  # which of the gathered columns are counters
    pairs: Indexes  # where used and free space of a filesystem are gathered: used, free, used, free


def project(schema: KnownSchema) -> Projection:
    """Find the columns of a schema that the canonical metrics need; done once per schema."""
    counters = [_columns(schema, slot) for slot in _COUNTER_SLOTS]
    gauges = [_columns(schema, slot) for slot in _GAUGE_SLOTS]
    used, free = filesystems(schema, "system.filesystem.usage")
    terms = Terms.of([*counters, *gauges, used, free])
    counter = np.zeros(len(terms.columns), np.bool_)
    counter[: terms.starts[len(counters)]] = True
    number = np.arange(len(used), dtype=np.intp)
    pairs = np.stack([terms.starts[-2] + number, terms.starts[-1] + number], axis=1)
    return Projection(terms, counter, pairs.ravel())


def _columns(schema: KnownSchema, slot: _Slot) -> list[int]:
    return [column for column, found in schema.columns.get(slot.metric, []) if slot.chooses(dict(found))]


def filesystems(schema: KnownSchema, metric: str) -> tuple[list[int], list[int]]:
    """Pair the columns of used and of free space (or inodes), by filesystem."""
    states: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    for column, found in schema.columns.get(metric, []):
        rest = tuple(pair for pair in found if pair[0] != "system.filesystem.state")
        states.setdefault(rest, {})[dict(found).get("system.filesystem.state", "")] = column
    pairs = [(state["used"], state["free"]) for state in states.values() if {"used", "free"} <= state.keys()]
    return [used for used, _ in pairs], [free for _, free in pairs]


@dataclass(frozen=True, slots=True)
class Transition:
    """One tick of one host, and the tick before it.

    `current` and `previous` hold what the projection's columns gather. Without a usable tick before, `previous` is
    None and whatever is a rate has no value.
    """

    projection: Projection
    current: Floats
    previous: Floats | None = None
    seconds: float = np.nan


def canonical(transitions: Sequence[Transition]) -> Floats:
    """Compute the canonical metrics: float64 [transitions, metrics], NaN where a host has no such value."""
    projections = [transition.projection for transition in transitions]
    sizes = np.array([len(transition.current) for transition in transitions], np.intp)
    offsets = np.cumsum(sizes) - sizes
    values = _values(transitions, sizes)
    pairs = _shifted([projection.pairs for projection in projections], offsets)
    used, free = pairs[0::2], pairs[1::2]
    values[used] = ratio(values[used], values[used] + values[free])
    starts = _shifted([projection.terms.starts for projection in projections], offsets)
    slots = np.where(_LARGEST, maxima(values, starts).reshape(-1, _SLOTS), sums(values, starts).reshape(-1, _SLOTS))
    slots[~np.array([projection.terms.present for projection in projections])] = np.nan
    return _metrics(dict(zip(_SLOT_NAMES, slots.T, strict=True)))


def _values(transitions: Sequence[Transition], sizes: Indexes) -> Floats:
    """Lay the gathered values of all transitions end to end, counters already as rates."""
    current = np.concatenate([transition.current for transition in transitions])
    previous = np.concatenate([t.current if t.previous is None else t.previous for t in transitions])
    known = np.array([np.nan if t.previous is None else t.seconds for t in transitions])
    counter = np.concatenate([transition.projection.counter for transition in transitions])
    return np.where(counter, rates(current, previous, np.repeat(known, sizes)), current)


def _shifted(indexes: Sequence[Indexes], offsets: Indexes) -> Indexes:
    return np.concatenate(indexes) + np.repeat(offsets, [len(index) for index in indexes])


def _metrics(slot: dict[str, Floats]) -> Floats:
    memory_used = slot["memory_limit"] - slot["memory_available"]
    columns = slot | {
        "cpu": 1.0 - ratio(slot["cpu_idle"], slot["cpu_all"]),
        "iowait": ratio(slot["cpu_iowait"], slot["cpu_all"]),
        "memory": ratio(memory_used, slot["memory_limit"]),
        "memory_used": memory_used,
        "swap": ratio(slot["swap_used"], slot["swap_used"] + slot["swap_free"]),
    }
    return np.stack([columns[name] for name in NAMES], axis=1)
