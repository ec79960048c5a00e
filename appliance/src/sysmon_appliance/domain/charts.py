"""The charts of the host page: which lines each has, by schema.

A chart is a function from a schema to its lines; CHARTS lists them in the page's order.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.history import Line, LinePlan
from sysmon_appliance.domain.projection import filesystems
from sysmon_appliance.domain.schemas import KnownSchema

MAX_LINES = 128
"""A chart of more lines than this cannot be read: the first ones are shown."""

_BUSY_MODES = ("user", "nice", "system", "irq", "softirq", "steal", "iowait")
_IDLE_MODES = ("idle", "iowait")
_MEMORY_STATES = ("used", "cached", "buffers", "free")
_PROCESS_STATES = ("running", "sleeping", "uninterruptible", "stopped", "defunct", "idle")
_PRESSURES = ("cpu some", "cpu full", "memory some", "memory full", "io some", "io full")


@dataclass(frozen=True, slots=True)
class Label:
    chart: str
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    unit: str
    decimals: int  # more of them no screen shows
    lines: Callable[[KnownSchema], Sequence[Line[str]]]


def _series(schema: KnownSchema, metric: str) -> Iterator[tuple[int, dict[str, str]]]:
    for column, attributes in schema.columns.get(metric, []):
        yield column, dict(attributes)


def _named(metric: str, *keys: str, rated: bool = False, suffix: str = "") -> Callable[[KnownSchema], list[Line[str]]]:
    """Make a chart with one line per series, named by the values of some attributes."""

    def lines(schema: KnownSchema) -> list[Line[str]]:
        return [
            Line(" ".join([*(found[key] for key in keys if found.get(key)), suffix]).strip(), [column], rated=rated)
            for column, found in _series(schema, metric)
        ]

    return lines


def _together(*charts: Callable[[KnownSchema], list[Line[str]]]) -> Callable[[KnownSchema], list[Line[str]]]:
    return lambda schema: [line for chart in charts for line in chart(schema)]


def _states(metric: str, key: str, states: Sequence[str]) -> Callable[[KnownSchema], list[Line[str]]]:
    """Make a chart with one line per state, in the given order, for stacking."""

    def lines(schema: KnownSchema) -> list[Line[str]]:
        columns = {found.get(key, ""): column for column, found in _series(schema, metric)}
        return [Line(state, [columns[state]]) for state in states if state in columns]

    return lines


def _cpu(schema: KnownSchema) -> list[Line[str]]:
    modes: dict[str, list[int]] = {}
    for column, found in _series(schema, "system.cpu.time"):
        modes.setdefault(found.get("cpu.mode", ""), []).append(column)
    every = [column for columns in modes.values() for column in columns]
    return [Line(mode, modes[mode], every, rated=True) for mode in _BUSY_MODES if mode in modes]


def _cores(schema: KnownSchema) -> list[Line[str]]:
    every: dict[str, list[int]] = {}
    busy: dict[str, list[int]] = {}
    for column, found in _series(schema, "system.cpu.time"):
        core = found.get("cpu.logical_number", "")
        every.setdefault(core, []).append(column)
        if found.get("cpu.mode") not in _IDLE_MODES:
            busy.setdefault(core, []).append(column)
    return [Line(f"cpu{core}", busy[core], every[core], rated=True) for core in sorted(busy, key=_numeric)]


def _numeric(name: str) -> tuple[int, str]:
    return (int(name) if name.isdecimal() else -1, name)


def _load(schema: KnownSchema) -> list[Line[str]]:
    return [
        Line(span, [column])
        for span in ("1m", "5m", "15m")
        for column, _ in _series(schema, f"system.cpu.load_average.{span}")
    ]


def _pressure(schema: KnownSchema) -> list[Line[str]]:
    keys = ("sysmon.pressure.resource", "sysmon.pressure.kind")
    lines = _named("sysmon.pressure.stall_time", *keys, rated=True)(schema)
    return sorted((line for line in lines if line.label in _PRESSURES), key=lambda line: _PRESSURES.index(line.label))


def _shares(metric: str) -> Callable[[KnownSchema], list[Line[str]]]:
    """Make a chart of used shares, one line per mount point."""

    def lines(schema: KnownSchema) -> list[Line[str]]:
        pairs = zip(*filesystems(schema, metric), strict=True)
        series = schema.schema.series
        return [Line(_mount_point(series[used].attributes), [used], [used, free]) for used, free in pairs]

    return lines


def _mount_point(attributes: Attributes) -> str:
    return dict(attributes).get("system.filesystem.mountpoint", "")


_DISK = ("system.device", "disk.io.direction")
_NETWORK = ("network.interface.name", "network.io.direction")

CHARTS: tuple[Chart, ...] = (
    Chart("cpu", "ratio", 5, _cpu),
    Chart("cores", "ratio", 5, _cores),
    Chart("load", "1", 3, _load),
    Chart("memory", "By", 0, _states("system.memory.usage", "system.memory.state", _MEMORY_STATES)),
    Chart("swap", "By", 0, _states("system.paging.usage", "system.paging.state", ("used", "free"))),
    Chart("pressure", "ratio", 5, _pressure),
    Chart("disk_io", "By/s", 1, _named("system.disk.io", *_DISK, rated=True)),
    Chart("disk_operations", "1/s", 3, _named("system.disk.operations", *_DISK, rated=True)),
    Chart("disk_busy", "ratio", 5, _named("system.disk.io_time", "system.device", rated=True)),
    Chart("network_io", "By/s", 1, _named("system.network.io", *_NETWORK, rated=True)),
    Chart("network_packets", "1/s", 3, _named("system.network.packet.count", *_NETWORK, rated=True)),
    Chart(
        "network_errors",
        "1/s",
        3,
        _together(
            _named("system.network.errors", *_NETWORK, rated=True, suffix="errors"),
            _named("system.network.packet.dropped", *_NETWORK, rated=True, suffix="dropped"),
        ),
    ),
    Chart("filesystem", "ratio", 5, _shares("system.filesystem.usage")),
    Chart("inodes", "ratio", 5, _shares("system.filesystem.inodes.usage")),
    Chart("temperature", "Cel", 1, _named("hw.temperature", "hw.id", "hw.sensor_location")),
    Chart("processes", "1", 0, _states("system.process.count", "process.state", _PROCESS_STATES)),
    Chart("uptime", "s", 0, _named("system.uptime")),
)


def plan(schema: KnownSchema) -> LinePlan[Label]:
    """Plan all charts of a host; labels are Label values."""
    return LinePlan.of([line for chart in CHARTS for line in _labelled(chart, chart.lines(schema))])


def _labelled(chart: Chart, lines: Sequence[Line[str]]) -> Iterator[Line[Label]]:
    """Label a chart's lines; the second of one name says so."""
    seen: Counter[str] = Counter()
    for line in lines[:MAX_LINES]:
        name = line.label or chart.name
        seen[name] += 1
        label = Label(chart.name, name if seen[name] == 1 else f"{name} ({seen[name]})")
        yield Line(label, line.over, line.under, rated=line.rated)
