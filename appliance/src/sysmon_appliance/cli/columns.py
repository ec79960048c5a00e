"""The columns in which a host can be shown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sysmon_appliance.cli.output import Cell, Table
from sysmon_appliance.cli.quantities import duration_text, in_unit
from sysmon_appliance.domain.canonical import CANONICAL
from sysmon_appliance.errors import BadRequestError

HostDocument = Mapping[str, Any]
"""A host as the API describes it."""

METRIC_UNITS = {metric.name: metric.unit for metric in CANONICAL}
"""Unit of each canonical metric, in the order of the API."""

NARROW = ("name", "status", "cpu", "memory", "filesystem", "load1", "net_receive", "net_transmit", "last_seen")
WIDE = (*NARROW, "disk_read", "disk_write", "temperature", "uptime", "interval", "labels", "tags", "id")

_METERS = {"cpu", "memory", "filesystem", "swap", "disk_busy"}
_STATUS_STYLES = {"up": "green", "late": "yellow", "down": "red"}


def hosts_table(hosts: Sequence[HostDocument], names: Sequence[str], now_ms: int) -> Table:
    """Lay out hosts, one per row."""
    rows = [[cell(name, host, now_ms) for name in names] for host in hosts]
    return Table(names, rows, frozenset(METRIC_UNITS) - _METERS)


def chosen(columns: str, default: Sequence[str]) -> Sequence[str]:
    """Read a list of columns.

    Raises
    ------
    BadRequestError
        There is no such column.
    """
    names = [name.strip() for name in columns.split(",") if name.strip()]
    known = [*_PLAIN, *METRIC_UNITS, "labels.NAME"]
    for name in names:
        if name not in known and not name.startswith("labels."):
            raise BadRequestError(
                f"There is no column {name!r}; there are: {', '.join(known)}.",
                hint="sysmon hosts list --columns name,cpu,labels.role",
            )
    return names or default


def cell(name: str, host: HostDocument, now_ms: int) -> Cell:
    """Show one property of a host."""
    if name in METRIC_UNITS:
        return metric_cell(name, host["latest"].get(name))
    if name.startswith("labels."):
        return Cell(host["labels"].get(name.removeprefix("labels."), ""))
    return _PLAIN[name](host, now_ms)


def metric_cell(name: str, value: float | None) -> Cell:
    if value is None:
        return Cell("-", value="")
    text = in_unit(value, METRIC_UNITS[name])
    return Cell(text, value=value, ratio=value if name in _METERS else None)


def _name(host: HostDocument, _: int) -> Cell:
    return Cell(host["name"] + (" (simulated)" if host.get("simulated") else ""), value=host["name"], style="bold")


def _status(host: HostDocument, _: int) -> Cell:
    return Cell(host["status"], style=_STATUS_STYLES.get(host["status"], ""))


def _last_seen(host: HostDocument, now_ms: int) -> Cell:
    seen = host["last_seen"]
    if not seen:
        return Cell("never", value="")
    return Cell(f"{duration_text((now_ms - seen) / 1000)} ago", value=seen)


def _interval(host: HostDocument, _: int) -> Cell:
    return Cell(f"{host['interval_ms'] / 1000:g} s", value=host["interval_ms"] / 1000)


def _pairs(host: HostDocument, _: int) -> Cell:
    return Cell(",".join(f"{name}={value}" for name, value in host["labels"].items()))


_PLAIN: dict[str, Callable[[HostDocument, int], Cell]] = {
    "name": _name,
    "id": lambda host, _: Cell(host["id"]),
    "status": _status,
    "last_seen": _last_seen,
    "interval": _interval,
    "labels": _pairs,
    "tags": lambda host, _: Cell(",".join(host["tags"])),
}
