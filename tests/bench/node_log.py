"""When an aggregator took the steps by which it came to lead, as its log has it."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path

_TIME_FORMAT, _TIME_LENGTH = "%Y-%m-%d %H:%M:%S,%f", 23


class Step(Enum):
    """What is logged, in the usual order."""

    LOCKED = "The lock was taken."
    RESTORED = "The live database was restored."
    LEADS = "This aggregator leads."
    RECORDED = "The epoch is in the lineage."


def steps_since(log: Path, moment: float) -> Mapping[Step, float]:
    """Return how many seconds after a moment each step was last taken; those that were not are missing."""
    found = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        step = next((step for step in Step if step.value in line), None)
        if step is not None and (at := _time_of(line)) >= moment:
            found[step] = at - moment
    return found


def _time_of(line: str) -> float:
    """Read the local time at the beginning of a line."""
    return datetime.strptime(line[:_TIME_LENGTH], _TIME_FORMAT).astimezone().timestamp()
