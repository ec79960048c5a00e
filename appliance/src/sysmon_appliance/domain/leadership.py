"""Who leads a region, since when, and what every later leader must hold.

The coordinator (Consul) orders everything that matters: whoever holds the lock may write an epoch's path, and only what
the lineage names may be acknowledged. A claim of anybody else, and any clock, counts for nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What an aggregator is at this moment."""

    SINGLE = "single"  # there is no other
    STANDBY = "standby"
    TAKING_OVER = "taking_over"  # it holds the lock, and restores what it will lead with
    LEADER = "leader"
    WAITING = "waiting"  # a person must decide first: `sysmon ha status` says what


@dataclass(frozen=True, slots=True)
class Node:
    """One aggregator as the others of its region know it."""

    name: str  # unique in the region
    ingest: str  # HOST:PORT for agents and for other aggregators
    console: str = ""  # the address that people open; empty where it is on loopback alone


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, and the epoch that came with it."""

    node: Node
    epoch: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What is durable: a path in the replica, and how far it counts."""

    cluster_id: str
    epoch: int
    path: str  # such as epoch-00000007-3f9c0a1b…; never used twice
    txid: int  # of the replica; every later leader holds at least this
    mark: int  # of the live database; see domain.durability

    @property
    def position(self) -> tuple[int, int]:
        """What never goes backwards."""
        return self.epoch, self.txid


@dataclass(frozen=True, slots=True)
class Handoff:
    """An order to the leader of one epoch to let another node lead."""

    to: str  # Node.name
    epoch: int  # of the leader that was asked; void in any other


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the coordinator knows, read consistently."""

    epoch: int = 0  # the highest that was ever begun; 0 where none was
    holder: Holder | None = None
    lineage: Lineage | None = None
    cluster_id: str = ""
    handoff: Handoff | None = None
    index: int = 0  # of the newest change; `Coordinator.wait` returns once there is a newer one


class Coordinator(Protocol):
    """Where leadership is decided. One per process; every call blocks, ends in bounded time, and is safe in any thread.

    Every call may raise a CoordinatorUnreachableError; what was asked for may then have happened or not.
    """

    def standing(self) -> Standing:
        """Read consistently: what is returned was true after this was called."""

    def wait(self, index: int, seconds: float) -> Standing:
        """Return when something has changed since `index`, or after some seconds; may be a little old."""

    def lock(self, node: Node, seen: Standing, epoch: int) -> bool:
        """Take the lock and begin `epoch`, in one transaction; False when somebody else was faster.

        Succeeds only if nobody else holds the lock, this process's session is alive, and the coordinator's epoch still
        is `seen.epoch`, which must be less than `epoch`. Whoever holds it already begins another epoch.
        """

    def record(self, lineage: Lineage) -> None:
        """Let a position be the lineage, if this process's session holds the lock in the same transaction.

        Never backwards: recording what is there already, or less, changes nothing and succeeds. It also notes the
        cluster's id where there is none yet.

        Raises
        ------
        FencedError
            The lock is not ours any more, or the lineage is of a later epoch or of another cluster.
        """

    def ask_for_handoff(self, handoff: Handoff) -> None:
        """Note an order for the leader; only whoever holds the lock may.

        Raises
        ------
        FencedError
            The lock is not ours.
        """

    def release(self) -> None:
        """Give the lock back at once, so that no delay keeps others from it; fine where it is not ours."""


class Session(Protocol):
    """Proof of life towards the coordinator, renewed by a thread while the event loop answers.

    A coordinator's `lock` and `record` count only while the session lives; when it ends, the lock is free.
    """

    def start(self) -> None:
        """Begin to renew; returns at once, whether or not the coordinator answers."""

    def stamp(self) -> None:
        """Say that the event loop is alive; without it for two seconds, nothing is renewed."""

    def announce(self, role: Role) -> None:
        """Show what this node is where the coordinator lists services, from the next renewal on."""

    @property
    def lease_until(self) -> float:
        """The monotonic second until which nobody else can hold what this session holds; 0.0 without a session.

        It follows from when the last successful renewal was *sent*. It is no fence: see `Coordinator.record`.
        """

    @property
    def trouble(self) -> str:
        """Why the coordinator cannot be asked, in one sentence; empty when it can."""

    def close(self) -> None:
        """End the session and with it everything that it holds."""
