"""Hosts as the aggregator knows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sysmon_agent.wire.messages import Attributes


class Status(StrEnum):
    """Whether a host's batches arrive."""

    UP = "up"
    LATE = "late"
    DOWN = "down"


LATE_AFTER_INTERVALS = 2.0
DOWN_AFTER_INTERVALS = 3.0
GRACE_MS = 1000
"""What the network and the group commit may take on top of an interval."""


@dataclass(frozen=True, slots=True)
class Host:
    """A monitored machine, as its agent last described it."""

    key: int  # row number in the live database; small, never shown
    host_id: str  # 32 hexadecimal digits from the certificate
    name: str
    interval_ms: int
    first_seen_ms: int  # the aggregator's clock
    boot_id: str
    facts: Attributes = ()
    labels: Attributes = ()
    tags: tuple[str, ...] = ()
    metadata: Attributes = ()
    simulated: bool = False


def status(*, now_ms: int, last_received_ms: int, interval_ms: int) -> Status:
    """Judge a host by the age of its newest batch, on the aggregator's clock."""
    age = now_ms - last_received_ms - GRACE_MS
    if age > DOWN_AFTER_INTERVALS * interval_ms:
        return Status.DOWN
    return Status.LATE if age > LATE_AFTER_INTERVALS * interval_ms else Status.UP


class HostDirectory(Protocol):
    """All hosts, in memory; reads never touch disk."""

    def all(self) -> Iterable[Host]:
        """List every host, in order of first appearance."""

    def find(self, host_id: str) -> Host | None:
        """Return the host of that id, or None."""

    def by_key(self, key: int) -> Host:
        """Return the host of that row number; KeyError when there is none."""
