"""When what is committed here survives the loss of this machine.

The leader commits a **mark**, a number that rises, and then makes everything before it last: in the replica, in the
lineage, and read back by a standby. A mark that came so far carries all that was committed before it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.streams import Stream


@dataclass(frozen=True, slots=True)
class Mark(Change):
    """Note a number in the live database; whoever reads it there has all that was committed before."""

    number: int


class Assurance(StrEnum):
    """What `durable` stands for at this moment; follows from the topology, never from a setting."""

    COMMITTED = "committed"  # single: on this disk
    REPLICATED = "replicated"  # single with a replica: in the replica
    RECORDED = "recorded"  # leader without a ready standby: in the replica and the lineage; degraded
    READ_BACK = "read_back"  # leader: and a standby has read it out of the replica


class Watermark(Protocol):
    """Follows how far each stream is durable; belongs to the event loop."""

    def note(self, stream: Stream) -> None:
        """Take note that `stream.last` is committed; `stream.durable` follows once that is durable."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a standby has read out of the replica, row by row."""

    node: str
    epoch: int
    path: str
    mark: int  # everything up to it is there, and whole
    txid: int
    prepared: bool = False  # for a handoff: it can lead as soon as the lock is free
    fault: str = ""  # what it found broken; empty when all is well


class ReadBacks(Protocol):
    """How far standbys have read back; belongs to the event loop."""

    @property
    def read_up_to(self) -> int | None:
        """The highest mark that a ready standby has read; None where none is ready, which is degraded."""

    def recorded(self, mark: int) -> None:
        """Take note that a mark is in the lineage, so that a standby can read it from now on."""


@dataclass(frozen=True, slots=True)
class DurableState:
    """How durability stands, for people."""

    assurance: Assurance
    committed_mark: int
    durable_mark: int
    durable_ms: int | None  # wall clock of when something became durable last
    waiting: int  # submissions that are committed and not durable yet
    trouble: str = ""  # why nothing becomes durable; empty when it does
    hint: str = ""


class AtOnce:
    """The watermark of a single aggregator without a replica: what is committed is durable."""

    def note(self, stream: Stream) -> None:
        stream.durable = stream.last
