"""The topology of an aggregator that has no others beside it."""

from collections.abc import Callable, Sequence

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier, GroupResult
from sysmon_appliance.domain.durability import Assurance, DurableState
from sysmon_appliance.domain.leadership import Handoff, Holder, Node, Role
from sysmon_appliance.domain.topology import NodeState, NodeView, PreCheck
from sysmon_appliance.errors import ConflictError

_ALONE = "This is the only aggregator of its region."
_HINT = "sysmon ha status"


class CommitWatch:
    """How durability stands where what is committed is durable; it learns from each group of changes."""

    def __init__(self, barrier: Barrier, clock: Clock, *, waiting: Callable[[], int]) -> None:
        self._clock = clock
        self._waiting = waiting
        self._newest: GroupResult | None = None
        self._durable_ms: int | None = None
        barrier.listen(self._note)

    def state(self) -> DurableState:
        trouble = self._newest.error if self._newest else None
        return DurableState(
            Assurance.COMMITTED,
            committed_mark=0,
            durable_mark=0,
            durable_ms=self._durable_ms,
            waiting=self._waiting(),
            trouble=trouble.message if trouble else "",
            hint=trouble.hint if trouble else "",
        )

    def _note(self, group: GroupResult) -> None:
        self._newest = group
        if group.error is None:
            self._durable_ms = self._clock.wall_ms()


class SingleTopology:
    """The Topology of a single aggregator, with a replica or without one.

    Parameters
    ----------
    durable
        Returns how durability stands, which tells the two apart.
    """

    def __init__(
        self,
        own: Node,
        *,
        region: str,
        cluster_id: str,
        epoch: Callable[[], int],
        durable: Callable[[], DurableState],
    ) -> None:
        self._own = own
        self._region = region
        self._cluster_id = cluster_id
        self._epoch = epoch
        self._durable = durable

    def state(self) -> NodeState:
        epoch, durable = self._epoch(), self._durable()
        return NodeState(
            own=self._own,
            role=Role.SINGLE,
            region=self._region,
            cluster_id=self._cluster_id,
            epoch=epoch,
            durable=durable,
            holder=Holder(self._own, epoch),
            nodes=(NodeView(self._own, Role.SINGLE, epoch, durable.committed_mark),),
        )

    def check_handoff(self, to: str = "") -> Sequence[PreCheck]:  # noqa: ARG002 - there is nobody, by any name
        return (PreCheck("standby", ok=False, detail=_ALONE),)

    async def hand_off(self, to: str = "") -> Handoff:  # noqa: ARG002 - as above
        raise ConflictError(_ALONE, hint=_HINT)

    async def adopt(self) -> None:
        raise ConflictError(f"{_ALONE} Name Consul in its settings first.", hint="sysmon-aggregator config show")

    async def recover(self, path: str = "") -> None:  # noqa: ARG002 - there is no path to choose
        raise ConflictError(_ALONE, hint=_HINT)
