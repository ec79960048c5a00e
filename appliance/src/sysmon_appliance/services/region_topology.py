"""What one of several aggregators says of its region, and the orders that people give it."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.durability import Assurance, DurableState, ReadBack
from sysmon_appliance.domain.leadership import Coordinator, Handoff, Node, Role
from sysmon_appliance.domain.topology import Blocked, NodeState, NodeView, PreCheck
from sysmon_appliance.errors import ConflictError, NotLeaderError
from sysmon_appliance.services.durability import DurableTicks
from sysmon_appliance.services.standbys import Report, Standbys
from sysmon_appliance.services.standing_watch import StandingWatch

_log = logging.getLogger(__name__)

HANDOFF_SECONDS = 60.0
"""In which a standby must have prepared itself."""

_STATUS = "sysmon ha status"

_NOTHING = DurableState(Assurance.RECORDED, 0, 0, None, 0, trouble="This aggregator does not lead.", hint=_STATUS)


class Copy(Protocol):
    """What a standby shows and how old it is."""

    @property
    def read_back(self) -> ReadBack: ...

    @property
    def age_ms(self) -> int | None: ...


class Rescue(Protocol):
    """What can be done where a person has to decide what to lead with; see Topology."""

    async def adopt(self) -> None: ...

    async def recover(self, path: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LeaderSide:
    """What there is while this node leads."""

    epoch: int
    path: str
    ticks: DurableTicks
    standbys: Standbys


class RegionTopology:
    """The Topology of a node; whoever runs the node keeps it up to date."""

    def __init__(self, own: Node, coordinator: Coordinator, watch: StandingWatch, clock: Clock, *, region: str) -> None:
        self.own = own
        self.role = Role.STANDBY
        self.cluster_id = ""
        self.blocked: Blocked | None = None
        self.store_trouble = ""
        self.leader: LeaderSide | None = None
        self.copy: Copy | None = None
        self.known: dict[str, Node] = {own.name: own}  # every node that was heard of
        self._told: dict[str, NodeView] = {}  # how others fare, as the leader has told
        self.handoff: Handoff | None = None  # that this leader was ordered
        self._handoff_since = 0.0
        self.rescue: Rescue | None = None  # while this node waits for a person
        self._region = region
        self._coordinator = coordinator
        self._watch = watch
        self._clock = clock

    @property
    def handoff_to(self) -> str:
        """Whom this leader's epoch is to be handed to; an empty string where to nobody."""
        handoff, leader = self.handoff, self.leader
        return handoff.to if handoff and leader and handoff.epoch == leader.epoch else ""

    def refusal(self) -> NotLeaderError:
        """Say to whoever wants to change something who leads."""
        holder = self._watch.last.holder
        leads = holder is not None and holder.node.name != self.own.name
        return NotLeaderError(
            f"{holder.node.name} leads." if holder and leads else "No aggregator leads at this moment.",
            hint=_STATUS,
            leader=holder.node.ingest if holder and leads else "",
            aggregators=[node.ingest for node in self.known.values()],
        )

    def state(self) -> NodeState:
        standing, leader = self._watch.last, self.leader
        read_back = self.copy.read_back if self.copy else None
        return NodeState(
            own=self.own,
            role=self.role,
            region=self._region,
            cluster_id=standing.cluster_id or self.cluster_id,
            epoch=leader.epoch if leader else read_back.epoch if read_back else 0,
            durable=leader.ticks.state if leader else _NOTHING,
            holder=standing.holder,
            nodes=self.views(),
            lineage=standing.lineage,
            age_ms=self.copy.age_ms if self.copy and not leader else None,
            coordinator_trouble=self._watch.trouble,
            store_trouble=self.store_trouble,
            handoff=self.handoff or standing.handoff,
            blocked=self.blocked,
        )

    def check_handoff(self, to: str = "") -> Sequence[PreCheck]:
        leader = self.leader
        if leader is None:
            return [PreCheck("leads", ok=False, detail="This aggregator does not lead.")]
        target = self._target(to)
        durable = leader.ticks.state
        return [
            PreCheck("leads", ok=True, detail=f"Epoch {leader.epoch}."),
            PreCheck("durable", ok=not durable.trouble, detail=durable.trouble or "Changes become durable."),
            PreCheck(
                "standby",
                ok=target is not None,
                detail=f"{target.node} follows closely."
                if target
                else f"{to or 'No standby'} does not follow closely.",
            ),
            PreCheck(
                "free",
                ok=self.handoff is None,
                detail="None is under way." if self.handoff is None else "One is under way.",
            ),
        ]

    async def hand_off(self, to: str = "") -> Handoff:
        if self.leader is None:
            raise self.refusal()
        failed = [check for check in self.check_handoff(to) if not check.ok]
        target = self._target(to)
        if failed or target is None:
            raise ConflictError(" ".join(check.detail for check in failed), hint=_STATUS)
        handoff = Handoff(target.node, self.leader.epoch)
        self.handoff, self._handoff_since = handoff, self._clock.monotonic()  # now: a second order is to find it
        try:
            await asyncio.to_thread(self._coordinator.ask_for_handoff, handoff)
        except BaseException:
            self.handoff = None
            raise
        return handoff

    def give_up_old_handoff(self) -> None:
        """Go on leading where the node that was to take over is not prepared in time."""
        if self.handoff is not None and self._clock.monotonic() - self._handoff_since > HANDOFF_SECONDS:
            _log.warning("A handoff was given up.", extra={"node": self.handoff.to})
            self.handoff = None

    async def adopt(self) -> None:
        if self.rescue is None:
            raise ConflictError("This aggregator waits for nothing.", hint=_STATUS)
        await self.rescue.adopt()

    async def recover(self, path: str = "") -> None:
        if self.rescue is None:
            raise ConflictError("This aggregator waits for nothing.", hint=_STATUS)
        await self.rescue.recover(path)

    def _target(self, to: str) -> ReadBack | None:
        """Return the standby that is meant, if it follows closely."""
        ready = self.leader.standbys.ready if self.leader else ()
        fitting = [read_back for read_back in ready if to in {"", read_back.node}]
        return max(fitting, key=lambda read_back: (read_back.mark, read_back.node), default=None)

    def views(self) -> Sequence[NodeView]:
        """Say how all nodes fare, as far as that is known here."""
        return list(self._views())

    def hear(self, views: Sequence[NodeView]) -> None:
        """Take note of what the leader tells of all nodes."""
        self._told = {view.node.name: view for view in views}
        self.known |= {view.node.name: view.node for view in views}

    def _views(self) -> Iterator[NodeView]:
        holder = self._watch.last.holder
        reports = self.leader.standbys.reports if self.leader else {}
        for name, node in self.known.items():
            if name == self.own.name:
                yield self._own_view()
            elif name in reports:
                yield self._reported(node, reports[name])
            else:
                yield self._heard_of(node, leads=holder is not None and holder.node.name == name)

    def _heard_of(self, node: Node, *, leads: bool) -> NodeView:
        """Return what a leader has told of a node, unless roles have changed since."""
        role = Role.LEADER if leads else Role.STANDBY
        told = self._told.get(node.name) if self.leader is None else None
        return told if told is not None and told.role is role else NodeView(node, role)

    def _own_view(self) -> NodeView:
        now_ms = self._clock.wall_ms()
        if self.leader is not None:
            return NodeView(self.own, self.role, self.leader.epoch, self.leader.ticks.committed_mark, 0, now_ms)
        read_back = self.copy.read_back if self.copy else None
        if read_back is None:
            return NodeView(self.own, self.role, heard_ms=now_ms)
        return NodeView(
            self.own,
            self.role,
            read_back.epoch,
            read_back.mark,
            self.copy.age_ms if self.copy else None,
            now_ms,
            read_back.prepared,
            read_back.fault,
        )

    def _reported(self, node: Node, report: Report) -> NodeView:
        assert self.leader is not None  # noqa: S101 - only a leader is reported to
        read_back = report.read_back
        lag_ms = int(self.leader.standbys.lag_seconds(read_back.mark) * 1000)
        return NodeView(
            node,
            Role.STANDBY,
            read_back.epoch,
            read_back.mark,
            lag_ms,
            report.heard_ms,
            read_back.prepared,
            read_back.fault,
        )
