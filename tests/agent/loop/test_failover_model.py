"""Delivery to several aggregators in every order of misfortunes that Hypothesis can think of.

Leaders are replaced and lose what was not durable; those that were replaced go on believing that they lead, die, or
follow; standbys name whoever they take for the leader; nothing becomes durable for a while; the agent dies. Whatever
happens, what the agent was told is durable is in the replica, and in the end every tick that it has collected is there
once.
"""

import shutil
import tempfile
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sysmon_agent.wire.messages import GapReason
from tests.support.agent_rig import Rig
from tests.support.clock import ManualClock
from tests.support.model_region import ADDRESSES, ModelRegion, Part
from tests.support.model_server import Fate

IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - mkdtemp makes a private folder there
NODES = st.sampled_from(ADDRESSES)


class Failover(RuleBasedStateMachine):
    """One host, three aggregators, and what may go wrong between them."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="sysmon-failover-", dir=IN_MEMORY))
        self.clock = ManualClock()
        self.region = ModelRegion(lambda: self.clock.passed_ms)
        values = map(float, count(1))
        self.rig = Rig(self.root / "spool", self.clock, self.region.connect, values=lambda: next(values))
        self.highest = 0

    @rule(ticks=st.integers(1, 20))
    def collect(self, ticks: int) -> None:
        self.rig.collect(ticks)

    @rule(
        fates=st.lists(st.sampled_from([Fate.ANSWERED, Fate.LOST_REQUEST, Fate.LOST_REPLY]), max_size=4),
        pause_seconds=st.sampled_from([0.1, 1, 12, 60]),
        times=st.integers(1, 4),
    )
    def deliver(self, fates: list[Fate], pause_seconds: float, times: int) -> None:
        self.region.fates[:] = fates
        for _ in range(times):
            self.clock.advance(pause_seconds)
            self.rig.sending.deliver()

    @rule()
    def sync(self) -> None:
        self.region.sync()

    @rule(to=NODES, before=st.sampled_from([Part.DEAD, Part.FOLLOWS, Part.LEADS]), named=NODES | st.just(""))
    def fail_over(self, to: str, before: Part, named: str) -> None:
        """Let another node lead, or the same one anew, while the others believe what they will."""
        self.region.lead(to, before=before)
        self.region.tell(named)

    @rule(to=NODES, last=NODES)
    def split(self, to: str, last: str) -> None:
        """Let a leader be replaced without noticing; the agent meets the new one, which dies, and may meet the old."""
        if len({self.region.leader, to, last}) == len(ADDRESSES):
            self.region.lead(to, before=Part.LEADS)
            self.region.tell(to)
            self.deliver([Fate.LOST_REQUEST], 1, 4)
            self.region.lead(last, before=Part.DEAD)
            self.region.nodes[last].part = Part.DEAD  # until it has restored
            self.deliver([], 1, 4)
            self.region.nodes[last].part = Part.LEADS

    @rule(node=NODES, part=st.sampled_from([Part.DEAD, Part.FOLLOWS]))
    def change(self, node: str, part: Part) -> None:
        """Let a node die or come back, the leader excepted."""
        if node != self.region.leader:
            self.region.nodes[node].part = part

    @rule(can_sync=st.booleans())
    def lose_the_replica(self, *, can_sync: bool) -> None:
        self.region.can_sync = can_sync

    @rule()
    def kill(self) -> None:
        self.clock.advance(0.003)
        self.rig.restart()

    @invariant()
    def what_is_durable_is_in_the_replica(self) -> None:
        stored = self.region.replica.get(self.rig.spool.stream_id)
        assert self.rig.spool.durable <= (stored.stream.last if stored else 0)

    @invariant()
    def the_highest_epoch_is_never_forgotten(self) -> None:
        assert self.rig.spool.epoch >= self.highest
        self.highest = self.rig.spool.epoch

    @invariant()
    def every_ledger_adds_up(self) -> None:
        for stored in self.region.term.streams.values():
            stored.check()

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.rig.spool.close()
            shutil.rmtree(self.root)

    def settle(self) -> None:
        """Let everything work again, and look for every tick."""
        self.region.fates.clear()
        self.region.heal()
        for _ in range(100):
            self.rig.sending.deliver()
            self.region.sync()
            if self.rig.spool.durable >= self.rig.spool.last:
                break
            self.clock.advance(15)
        assert sorted(self.region.term.values()) == self.rig.looked
        assert set(self.region.term.reasons()) <= {GapReason.OVERRUN, GapReason.AGENT_DOWN}


Failover.TestCase.settings = settings(stateful_step_count=30, suppress_health_check=list(HealthCheck))
test_nothing_durable_is_lost_and_nothing_is_doubled = Failover.TestCase
