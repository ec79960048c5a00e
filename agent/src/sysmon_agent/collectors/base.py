"""What a collector is, what it is given, and what it gives back."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import CollectSettings
from sysmon_agent.wire.messages import TableSchema

Key = tuple[str, ...]
"""A metric's name, then the values of its attributes in the order that `names.METRICS` gives them."""

Row = tuple[float | str, ...]
"""One row of a table, in the order of the table's columns."""


@dataclass(slots=True)
class Readings:
    """What one collector saw at one tick."""

    values: dict[Key, float]
    rows: dict[str, list[Row]] = field(default_factory=dict)  # by name of the table


class SpoolGauge(Protocol):
    """What a spool says of itself."""

    def used_bytes(self) -> int: ...

    def waiting_ticks(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Context:
    """Where collectors look. All of it is handed in, so that a test can show them another machine."""

    settings: CollectSettings
    clock: Clock
    user_name: Callable[[int], str]  # of a user id
    statvfs: Callable[[bytes], os.statvfs_result] = os.statvfs
    spool: SpoolGauge | None = None  # None while there is no spool

    def proc(self, path: str) -> str:
        return f"{self.settings.proc}/{path}"

    def sys(self, path: str) -> str:
        return f"{self.settings.sys}/{path}"


class Collector(ABC):
    """One subject that is measured.

    A collector may raise anything: the set isolates it, marks its series as stale and counts the failure. What a
    machine merely does not have (no swap, no sensors, no pressure information) is no failure: such a collector
    returns no values.
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[TableSchema, ...]] = ()

    @abstractmethod
    def __init__(self, context: Context) -> None: ...

    @abstractmethod
    def collect(self) -> Readings:
        """Measure now."""
