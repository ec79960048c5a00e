"""`sysmon-agent once`: what the agent would send, printed."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

from sysmon_agent import collectors
from sysmon_agent.clock import SystemClock
from sysmon_agent.collectors import Sampled
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.names import METRICS
from sysmon_agent.wire.messages import TableRows, TableSchema

APART_SECONDS = 1.0
"""Rates need two looks; the second one is printed."""


def once(settings: AgentSettings, output: str, *, names_only: bool) -> int:
    """Print one tick as a table, as JSON, or as one line of JSON per series."""
    collecting = collectors.build(settings.collect, SystemClock())
    if names_only:
        print("\n".join(collecting.names))
        return 0
    collecting.tick()
    time.sleep(APART_SECONDS)
    sampled = collecting.tick()
    match output:
        case "table":
            print("\n".join(_lines(sampled)))
        case "json":
            print(json.dumps({"series": list(_series(sampled)), "tables": _tables(sampled)}, indent=2))
        case _:
            print("\n".join(map(json.dumps, _series(sampled))))
    return 0


def _series(sampled: Sampled) -> Iterator[dict[str, Any]]:
    for series, value in zip(sampled.schema.series, sampled.values, strict=True):
        yield {
            "metric": series.metric,
            "attributes": dict(series.attributes),
            "unit": METRICS[series.metric].unit,
            "value": None if math.isnan(value) else value,
        }


def _tables(sampled: Sampled) -> dict[str, list[dict[str, Any]]]:
    pairs = zip(sampled.schema.tables, sampled.tables, strict=True)
    return {table.name: list(_rows(table, rows)) for table, rows in pairs}


def _rows(table: TableSchema, rows: TableRows) -> Iterator[dict[str, Any]]:
    names = [column.name for column in table.columns]
    for values in zip(*rows.columns, strict=True):
        yield {name: _plain(value) for name, value in zip(names, values, strict=True)}


def _plain(value: float | str) -> float | str | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _lines(sampled: Sampled) -> Iterator[str]:
    labelled = [(_label(series), series) for series in _series(sampled)]
    width = max((len(label) for label, _ in labelled), default=0)
    for label, series in labelled:
        value = "-" if series["value"] is None else f"{series['value']:.6g}"
        yield f"{label:{width}}  {value:>12} {series['unit']}"


def _label(series: dict[str, Any]) -> str:
    attributes = ",".join(f"{key}={value}" for key, value in series["attributes"].items())
    return f"{series['metric']}{{{attributes}}}" if attributes else series["metric"]
