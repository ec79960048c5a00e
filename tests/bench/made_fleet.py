"""A made fleet: series and values like those that a host agent sends, the same at every call.

One third of the series are constant (sizes, limits), one third counters (bursty, whole numbers), one fifth sizes in
pages that walk, and the rest small whole numbers and percentages of two decimals. Bytes per sample can only be
compared between stores that were given the same values.
"""

import numpy as np

from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.terms import Floats

STEP_MS = 10_000

_KINDS = ("const", "counter", "gauge", "const", "counter", "percent", "const", "counter", "gauge", "small")
_METRICS = {
    "const": "system.filesystem.limit",
    "counter": "system.network.io",
    "gauge": "system.memory.usage",
    "percent": "system.cpu.load_average.1m",
    "small": "system.process.count",
}


def schema(series: int) -> Schema:
    """List the series of one host; each tenth is a percentage, each tenth a small number."""
    return Schema(
        tuple(Series(_METRICS[_KINDS[number % 10]], (("system.device", f"dev{number}"),)) for number in range(series))
    )


def values(host: int, series: int, ticks: int) -> Floats:
    """Make the values of one host: float64 [series, ticks]."""
    random = np.random.default_rng((1, host))
    return np.array([_row(_KINDS[number % 10], ticks, random) for number in range(series)])


def _row(kind: str, ticks: int, random: np.random.Generator) -> Floats:
    match kind:
        case "const":
            return np.full(ticks, float(random.integers(1, 1 << 36)))
        case "counter":
            rate = random.integers(1, 5000)
            start = random.integers(1 << 30)
            return (start + np.cumsum(random.poisson(rate, ticks) * (random.random(ticks) < 0.7))).astype(np.float64)
        case "gauge":
            start = random.integers(1 << 18, 1 << 22)
            return np.asarray(4096.0 * np.abs(start + np.cumsum(random.integers(-200, 201, ticks))))
        case "percent":
            walk = 30 + np.cumsum(random.normal(0, 1, ticks))
            return np.round(np.clip(walk, 0, 100), 2).astype(np.float64)
        case _:
            return (random.integers(100, 140) + random.integers(0, 3, ticks)).astype(np.float64)
