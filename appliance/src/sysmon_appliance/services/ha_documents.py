"""What console and API say of a region's aggregators; times are milliseconds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Self

import msgspec

from sysmon_appliance.domain.durability import Assurance, DurableState
from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Role
from sysmon_appliance.domain.replica import Chapter
from sysmon_appliance.domain.topology import Blocked, NodeState, NodeView, PreCheck

_NOBODY = "No aggregator leads at this moment."


class TopologyKind(StrEnum):
    SINGLE = "single"
    REPLICATED = "replicated"
    HA = "ha"


class LeaderView(msgspec.Struct, frozen=True):
    """Whoever holds the lead, and where it is reached; `console` is empty where it is on loopback alone."""

    node: str
    ingest: str
    console: str
    epoch: int

    @classmethod
    def of(cls, holder: Holder) -> Self:
        return cls(holder.node.name, holder.node.ingest, holder.node.console, holder.epoch)


class DurableView(msgspec.Struct, frozen=True):
    """`mark` is durable, `committed_mark` is not yet; `at` is when something became durable last.

    `waiting` changes are committed and not durable; `trouble` says why nothing becomes durable, or is empty.
    """

    mark: int
    committed_mark: int
    at: int | None
    waiting: int
    trouble: str
    hint: str

    @classmethod
    def of(cls, durable: DurableState) -> Self:
        return cls(
            durable.durable_mark,
            durable.committed_mark,
            at=durable.durable_ms,
            waiting=durable.waiting,
            trouble=durable.trouble,
            hint=durable.hint,
        )


class NodeDocument(msgspec.Struct, frozen=True):
    """One aggregator; `lag_ms` and `heard` are null where the node that answers does not know them."""

    node: str
    ingest: str
    console: str
    role: Role
    epoch: int
    mark: int
    lag_ms: int | None
    heard: int | None
    prepared: bool
    fault: str

    @classmethod
    def of(cls, view: NodeView) -> Self:
        return cls(
            node=view.node.name,
            ingest=view.node.ingest,
            console=view.node.console,
            role=view.role,
            epoch=view.epoch,
            mark=view.mark,
            lag_ms=view.lag_ms,
            heard=view.heard_ms,
            prepared=view.prepared,
            fault=view.fault,
        )


class LineageView(msgspec.Struct, frozen=True):
    """What every later leader holds at least."""

    epoch: int
    path: str
    txid: int

    @classmethod
    def of(cls, lineage: Lineage) -> Self:
        return cls(lineage.epoch, lineage.path, lineage.txid)


class HandoffView(msgspec.Struct, frozen=True):
    """An order to hand the lead to a node, given to the leader of an epoch."""

    to: str
    epoch: int

    @classmethod
    def of(cls, handoff: Handoff) -> Self:
        return cls(handoff.to, handoff.epoch)


class FoundChapter(msgspec.Struct, frozen=True):
    """An epoch that the replica holds."""

    epoch: int
    path: str
    node: str
    began: int

    @classmethod
    def of(cls, chapter: Chapter) -> Self:
        return cls(chapter.epoch, chapter.path, chapter.node, chapter.began_ms)


class BlockedView(msgspec.Struct, frozen=True):
    """Why a person must decide, and what was found that could be led with."""

    code: str
    detail: str
    hint: str
    chapters: Sequence[FoundChapter]
    databases: Sequence[str]

    @classmethod
    def of(cls, blocked: Blocked) -> Self:
        chapters = [FoundChapter.of(chapter) for chapter in blocked.chapters]
        return cls(blocked.code, blocked.detail, blocked.hint, chapters, list(blocked.databases))


class RegionDocument(msgspec.Struct, frozen=True):
    """`degraded` says what is less than it should be, or is empty; `age_ms` how old what a standby shows is."""

    topology: TopologyKind
    region: str
    cluster: str
    node: str
    role: Role
    epoch: int
    leader: LeaderView | None
    assurance: Assurance
    degraded: str
    durable: DurableView
    age_ms: int | None
    nodes: Sequence[NodeDocument]
    lineage: LineageView | None
    consul_trouble: str
    store_trouble: str
    handoff: HandoffView | None
    blocked: BlockedView | None

    @classmethod
    def of(cls, state: NodeState) -> Self:
        return cls(
            topology=kind_of(state),
            region=state.region,
            cluster=state.cluster_id,
            node=state.own.name,
            role=state.role,
            epoch=state.epoch,
            leader=LeaderView.of(state.holder) if state.holder else None,
            assurance=state.durable.assurance,
            degraded=degraded(state),
            durable=DurableView.of(state.durable),
            age_ms=state.age_ms,
            nodes=[NodeDocument.of(view) for view in _nodes(state)],
            lineage=LineageView.of(state.lineage) if state.lineage else None,
            consul_trouble=state.coordinator_trouble,
            store_trouble=state.store_trouble,
            handoff=_handoff(state),
            blocked=BlockedView.of(state.blocked) if state.blocked else None,
        )


class PreCheckView(msgspec.Struct, frozen=True):
    name: str
    ok: bool
    detail: str

    @classmethod
    def of(cls, check: PreCheck) -> Self:
        return cls(check.name, check.ok, check.detail)


class HandoffChecks(msgspec.Struct, frozen=True):
    """What must be so before the lead is handed over, and whether all of it is."""

    checks: Sequence[PreCheckView]
    ok: bool

    @classmethod
    def of(cls, checks: Sequence[PreCheck]) -> Self:
        return cls([PreCheckView.of(check) for check in checks], all(check.ok for check in checks))


def kind_of(state: NodeState) -> TopologyKind:
    if state.role is not Role.SINGLE:
        return TopologyKind.HA
    return TopologyKind.SINGLE if state.durable.assurance is Assurance.COMMITTED else TopologyKind.REPLICATED


def degraded(state: NodeState) -> str:
    """Say in one sentence what is less than it should be, the worst of it; an empty string where nothing is."""
    if state.blocked is not None:
        return state.blocked.detail
    if state.holder is None:
        return f"No aggregator leads. {state.store_trouble}" if state.store_trouble else _NOBODY
    if state.role in {Role.LEADER, Role.SINGLE}:
        return _of_leader(state) or state.coordinator_trouble or state.store_trouble
    return _of_standby(state) or state.coordinator_trouble or state.store_trouble


def _nodes(state: NodeState) -> Iterator[NodeView]:
    """Yield the nodes by name; the epoch of whoever leads is known even where its reports go elsewhere."""
    holder = state.holder
    for view in sorted(state.nodes, key=lambda view: view.node.name):
        leads = holder is not None and holder.node.name == view.node.name
        yield replace(view, epoch=holder.epoch) if holder is not None and leads else view


def _handoff(state: NodeState) -> HandoffView | None:
    """Return the order that is being carried out: one that another epoch's leader was given is void."""
    handoff, holder = state.handoff, state.holder
    if handoff is None or holder is None or handoff.epoch != holder.epoch:
        return None
    return HandoffView.of(handoff)


def _of_leader(state: NodeState) -> str:
    if state.durable.trouble:
        return f"Nothing becomes durable: {state.durable.trouble}"
    if fault := next((view for view in state.nodes if view.fault), None):
        return f"{fault.node.name} has found the replica broken: {fault.fault}"
    if state.durable.assurance is Assurance.RECORDED:
        return "No standby reads back what becomes durable: the loss of this machine and of the replica would lose it."
    return ""


def _of_standby(state: NodeState) -> str:
    own = next((view for view in state.nodes if view.node.name == state.own.name), None)
    return f"This standby has found the replica broken: {own.fault}" if own is not None and own.fault else ""
