"""What can change in the live database, as values, and the port that makes them last.

Each change is a class of its own; those of ingest are here, others stand beside what they change. All pass through one
writer, in groups; a group is committed whole or not at all, and whoever saw a change fail may submit it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.messages import Batch
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.schemas import KnownSchema


class Change:
    """One change; its class says what is done and its fields with what."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SaveHost(Change):
    """Insert a host, or replace what is known of it."""

    host: Host


@dataclass(frozen=True, slots=True)
class SaveSchema(Change):
    schema: KnownSchema


@dataclass(frozen=True, slots=True)
class OpenStream(Change):
    """Insert a stream that has no tick yet."""

    key: int
    host: int
    stream_id: bytes


@dataclass(frozen=True, slots=True)
class AppendBatch(Change):
    """Add a batch to the head, and its gaps to the ledger; one of gaps alone leaves nothing in the head."""

    id: int  # row number; rises with every batch, never used twice while the row lives
    host: int
    stream: int
    schema: int  # 0 where there are no ticks
    batch: Batch
    body: bytes  # the batch as it came
    offset_ms: int  # to be added to the host's times; 0 unless its clock is off
    received_ms: int  # the aggregator's clock

    @property
    def start_ms(self) -> int:
        """The corrected time of the earliest tick."""
        return min(self.batch.wall_ms) + self.offset_ms

    @property
    def end_ms(self) -> int:
        """The corrected time of the latest tick: mostly the last one, unless the host's clock was set back."""
        return max(self.batch.wall_ms) + self.offset_ms


@dataclass(frozen=True, slots=True)
class DropOldest(Change):
    """Remove the batches with row numbers up to `up_to` from the head, after adding them to their streams' rows."""

    up_to: int


@dataclass(frozen=True, slots=True)
class RaiseEpoch(Change):
    """Let the epoch be at least this."""

    epoch: int


Settle = Callable[[SysmonError | None], None]
"""Told None once a group is committed, else why it was not."""


class ChangeStore(Protocol):
    """Where groups of changes are committed, one group at a time, in order."""

    def commit(self, changes: Sequence[Change], settle: Settle) -> None:
        """Begin to commit a group; `settle` is called later, in another thread.

        The error it is told is a StorageFullError or a StorageFailedError, and then nothing of the group is there.
        """
