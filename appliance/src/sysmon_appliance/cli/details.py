"""Tables about single hosts."""

from collections.abc import Iterator, Sequence
from typing import Any

from sysmon_appliance.cli.columns import METRIC_UNITS, HostDocument, cell, metric_cell
from sysmon_appliance.cli.output import Cell, Table
from sysmon_appliance.cli.quantities import in_unit


def described(hosts: Sequence[HostDocument], now_ms: int, *, series: bool) -> Table:
    """Lay out hosts as pairs of property and value."""
    rows = [row for host in hosts for row in _rows(host, now_ms, series=series)]
    return Table(("property", "value"), rows)


def _rows(host: HostDocument, now_ms: int, *, series: bool) -> Iterator[tuple[Cell, Cell]]:
    for name in ("name", "id", "status", "last_seen", "interval", "tags"):
        yield Cell(name, style="bold"), cell(name, host, now_ms)
    for group in ("labels", "metadata", "facts"):
        for name, value in host[group].items():
            yield Cell(f"{group}.{name}"), Cell(value)
    for name in METRIC_UNITS:
        yield Cell(name), metric_cell(name, host["latest"].get(name))
    for stream in host["streams"]:
        yield Cell(f"stream {stream['id'][:8]}"), Cell(_stream(stream))
    if series:
        yield from map(_series, host["series"])


def _stream(stream: dict[str, Any]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in stream["by_reason"].items())
    missing = f"{stream['missing']} missing" + (f" ({reasons})" if reasons else "")
    return f"{stream['last']} ticks = {stream['stored']} stored + {missing}"


def _series(series: dict[str, Any]) -> tuple[Cell, Cell]:
    return Cell(_series_name(series)), _value(series["value"], series["unit"])


def _series_name(series: dict[str, Any]) -> str:
    attributes = ",".join(f"{name}={value}" for name, value in series["attributes"].items())
    return f"{series['metric']}{{{attributes}}}" if attributes else str(series["metric"])


def compared(answer: Any, *, deltas: bool) -> Table:
    """Lay out metrics by rows and hosts by columns; `deltas` adds the difference to the first host."""
    names = [host["name"] for host in answer["hosts"]]
    extra = [f"{name} - {names[0]}" for name in names[1:]] if deltas else []
    rows = [_compared(row, deltas=deltas) for row in answer["rows"]]
    return Table(("metric", *names, *extra), rows, frozenset([*names, *extra]))


def _compared(row: dict[str, Any], *, deltas: bool) -> list[Cell]:
    shown = [*row["values"], *(row["delta"][1:] if deltas else ())]
    return [Cell(_series_name(row)), *(_value(value, row["unit"]) for value in shown)]


def _value(value: float | None, unit: str) -> Cell:
    return Cell("-", value="") if value is None else Cell(in_unit(value, unit), value=value)
