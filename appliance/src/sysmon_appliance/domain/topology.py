"""The aggregators of a region as people and other aggregators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sysmon_appliance.domain.durability import DurableState, ReadBack
from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Node, Role
from sysmon_appliance.domain.replica import Chapter


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as the node that is asked knows it."""

    node: Node
    role: Role
    epoch: int = 0  # of what it has read back
    mark: int = 0
    lag_ms: int | None = None  # how far it is behind the leader; None where that is not known
    heard_ms: int | None = None  # wall clock of its last report; None where it never sent one
    prepared: bool = False  # for a handoff
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a node waits for a person, and what it has found that could be led with."""

    code: str
    detail: str
    hint: str
    chapters: Sequence[Chapter] = ()  # paths in the replica, newest last
    databases: Sequence[str] = ()  # found on this disk


@dataclass(frozen=True, slots=True)
class NodeState:
    """All that a node knows of its region."""

    own: Node
    role: Role
    region: str
    cluster_id: str
    epoch: int
    durable: DurableState
    holder: Holder | None = None
    nodes: Sequence[NodeView] = ()  # this one too
    lineage: Lineage | None = None
    age_ms: int | None = None  # how old the newest of what this node shows is; None on whoever leads
    coordinator_trouble: str = ""
    store_trouble: str = ""
    handoff: Handoff | None = None
    blocked: Blocked | None = None


@dataclass(frozen=True, slots=True)
class PreCheck:
    """One thing that must be so before a handoff."""

    name: str
    ok: bool
    detail: str


class Topology(Protocol):
    """What this node says of its region, and what people may order; belongs to the event loop."""

    def state(self) -> NodeState: ...

    def check_handoff(self, to: str = "") -> Sequence[PreCheck]:
        """Say whether a node, or with an empty name the best one, could lead now."""

    async def hand_off(self, to: str = "") -> Handoff:
        """Order the leader, which this node must be, to let another node lead.

        Raises
        ------
        NotLeaderError, ConflictError, CoordinatorUnreachableError
            It does not lead; a check fails, or a handoff is under way; it could not be noted.
        """

    async def adopt(self) -> None:
        """Begin a region of several aggregators with the database of this single one.

        Raises
        ------
        ConflictError
            There is a lineage, or the replica is not empty, or there is no such database.
        """

    async def recover(self, path: str = "") -> None:
        """Lead with a path of the replica, the newest where none is named, after the coordinator lost its data.

        Raises
        ------
        ConflictError, NotFoundError
            Nothing is lost, or there is no such path.
        """


@dataclass(frozen=True, slots=True)
class Progress:
    """What a leader tells a standby in answer to its report."""

    epoch: int
    mark: int  # committed
    now_ms: int
    handoff_to: str = ""  # whoever is named prepares itself
    nodes: tuple[NodeView, ...] = ()  # all that the leader knows of, itself too
    addresses: tuple[str, ...] = ()  # from which agents have come since the last report


class StandbyReports(Protocol):
    """Where a leader takes in what standbys have read back; belongs to the event loop."""

    def report(self, node: Node, read_back: ReadBack) -> Progress: ...
