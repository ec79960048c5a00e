"""A region of three aggregators that is as a test says, and a Topology that obeys."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.durability import Assurance, DurableState
from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Node, Role
from sysmon_appliance.domain.topology import NodeState, NodeView, PreCheck
from tests.support.head import START_MS

FIRST, SECOND, THIRD = (
    Node(f"agg-{number}", f"10.0.0.{number}:7443", f"https://10.0.0.{number}:7480") for number in (1, 2, 3)
)

LED = NodeState(
    own=FIRST,
    role=Role.LEADER,
    region="default",
    cluster_id="cluster",
    epoch=7,
    durable=DurableState(Assurance.READ_BACK, 120, 119, START_MS - 900, 2),
    holder=Holder(FIRST, 7),
    nodes=(
        NodeView(FIRST, Role.LEADER, 7, 120, 0, START_MS),
        NodeView(SECOND, Role.STANDBY, 7, 119, 800, START_MS - 300),
        NodeView(THIRD, Role.STANDBY, 7, 118, 1800, START_MS - 700),
    ),
    lineage=Lineage("cluster", 7, "epoch-00000007-0123456789abcdef", 512, 119),
)
"""The leader's view when all is well."""

FOLLOWED = replace(LED, own=SECOND, role=Role.STANDBY, age_ms=800)
"""The view of a standby."""


@dataclass
class TopologyInMemory:
    """`orders` lists what was ordered; while `error` is set, orders fail with it."""

    now: NodeState = LED
    checks: Sequence[PreCheck] = (PreCheck("standby", ok=True, detail="agg-2 follows closely."),)
    orders: list[str] = field(default_factory=list)
    error: SysmonError | None = None

    def state(self) -> NodeState:
        return self.now

    def check_handoff(self, to: str = "") -> Sequence[PreCheck]:
        del to
        return self.checks

    async def hand_off(self, to: str = "") -> Handoff:
        self._obey(f"handoff {to}")
        handoff = Handoff(to or SECOND.name, self.now.epoch)
        self.now = replace(self.now, handoff=handoff)
        return handoff

    async def adopt(self) -> None:
        self._obey("adopt")

    async def recover(self, path: str = "") -> None:
        self._obey(f"recover {path}")

    def _obey(self, order: str) -> None:
        if self.error is not None:
            raise self.error
        self.orders.append(order)
