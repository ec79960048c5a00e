"""Values that imports hold, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.terms import Floats


@dataclass
class HeldInMemory:
    """A Staging that says how large it is as a test wants it."""

    bytes: int = 0
    error: Exception | None = None  # what adding fails with
    held: list[tuple[Host, Schema, Times, Floats]] = field(default_factory=list)
    discarded: bool = False

    def add(self, host: Host, schema: Schema, t: Times, values: Floats) -> int:
        if self.error:
            raise self.error
        self.held.append((host, schema, t, values))
        return self.bytes

    def finish(self) -> Sequence[Path]:
        return [Path("held")]

    def discard(self) -> None:
        self.discarded = True


@dataclass
class AreaInMemory:
    """A StagingArea; `begun` are the places by the names of their imports."""

    begun: dict[str, HeldInMemory] = field(default_factory=dict)

    def begin(self, name: str) -> HeldInMemory:
        return self.begun.setdefault(name, HeldInMemory())

    def clear(self) -> None:
        self.begun.clear()
