"""What a real machine did for a quarter of an hour, kept as one batch of the protocol beside this file."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from sysmon_agent.names import METRICS, Kind
from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.messages import Attributes, Batch

_FILE = "recording.bin"
_HIGHEST = 4.0
"""Peaks are cut here, or one burst of the recording would dwarf all else."""

SIGNALS: Mapping[str, tuple[str, Attributes]] = {
    "user": ("system.cpu.time", (("cpu.mode", "user"),)),
    "system": ("system.cpu.time", (("cpu.mode", "system"),)),
    "iowait": ("system.cpu.time", (("cpu.mode", "iowait"),)),
    "softirq": ("system.cpu.time", (("cpu.mode", "softirq"),)),
    "load": ("system.cpu.load_average.1m", ()),
    "read": ("system.disk.io", (("disk.io.direction", "read"),)),
    "write": ("system.disk.io", (("disk.io.direction", "write"),)),
    "receive": ("system.network.io", (("network.io.direction", "receive"),)),
    "transmit": ("system.network.io", (("network.io.direction", "transmit"),)),
    "created": ("system.process.created", ()),
    "running": ("system.process.count", (("process.state", "running"),)),
}
"""Name of each movement: the metric and the attributes that its series have."""


@dataclass(frozen=True, slots=True)
class Signals:
    """How things moved, each signal around a mean of 1."""

    shapes: Mapping[str, tuple[float, ...]]

    def at(self, name: str, tick: int) -> float:
        """Return a signal's height; the recording is repeated for ever."""
        shape = self.shapes[name]
        return shape[tick % len(shape)]


def load() -> Signals:
    """Read the recording that is packed with the program."""
    return signals(decode_batch(files(__package__).joinpath(_FILE).read_bytes()))


def signals(batch: Batch) -> Signals:
    """Extract every signal from a batch that carries its schema."""
    return Signals({name: _shape(batch, metric, wanted) for name, (metric, wanted) in SIGNALS.items()})


def _shape(batch: Batch, metric: str, wanted: Attributes) -> tuple[float, ...]:
    assert batch.schema is not None  # noqa: S101 - the packed recording has one
    rows = [
        position
        for position, series in enumerate(batch.schema.series)
        if series.metric == metric and set(wanted) <= set(series.attributes)
    ]
    values: npt.NDArray[np.float64] = np.frombuffer(batch.columns, dtype="<f8").reshape(-1, batch.count)
    total = values[rows].sum(axis=0)
    moved = np.diff(total) if METRICS[metric].kind is Kind.COUNTER else total[1:]
    mean = float(moved.mean())
    return tuple(np.minimum(moved / mean, _HIGHEST).tolist()) if mean > 0 else (1.0,)
