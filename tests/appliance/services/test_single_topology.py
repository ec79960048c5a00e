"""What an aggregator says of its region that has no others."""

import pytest

from sysmon_appliance.domain.barrier import GroupListener, GroupResult
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.domain.durability import Assurance
from sysmon_appliance.domain.leadership import Node, Role
from sysmon_appliance.errors import ConflictError, StorageFailedError
from sysmon_appliance.services.ha_documents import degraded
from sysmon_appliance.services.single_topology import CommitWatch, SingleTopology
from tests.support.clock import ManualClock

OWN = Node("monitor", "monitor.example:7443")


class Groups:
    """A barrier of which only the listeners count."""

    def __init__(self) -> None:
        self.listeners: list[GroupListener] = []

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        raise NotImplementedError

    def listen(self, listener: GroupListener) -> None:
        self.listeners.append(listener)


def single(groups: Groups, clock: ManualClock) -> SingleTopology:
    watch = CommitWatch(groups, clock, waiting=lambda: 3)
    return SingleTopology(OWN, region="default", cluster_id="c", epoch=lambda: 4, durable=watch.state)


def test_it_leads_itself() -> None:
    """A single aggregator is its own leader, and what it commits is durable."""
    state = single(Groups(), ManualClock()).state()
    assert (state.role, state.epoch, state.durable.assurance) == (Role.SINGLE, 4, Assurance.COMMITTED)
    assert state.holder is not None
    assert state.holder.node == OWN
    assert [view.node for view in state.nodes] == [OWN]
    assert degraded(state) == ""


def test_commits_tell_how_it_fares() -> None:
    """The newest commit is when something became durable last; one that fails is trouble until the next."""
    groups, clock = Groups(), ManualClock(wall_ms=5000)
    topology = single(groups, clock)
    (listener,) = groups.listeners
    listener(GroupResult(1, 0.01, None))
    clock.advance(2)
    listener(GroupResult(1, 0.01, StorageFailedError("The disk is full.", hint="df -h")))
    durable = topology.state().durable
    assert (durable.durable_ms, durable.waiting) == (5000, 3)
    assert (durable.trouble, durable.hint) == ("The disk is full.", "df -h")
    listener(GroupResult(1, 0.01, None))
    assert topology.state().durable.trouble == ""


async def test_there_is_nobody_to_hand_over_to() -> None:
    """Every order about several aggregators is refused."""
    topology = single(Groups(), ManualClock())
    assert [check.ok for check in topology.check_handoff("other")] == [False]
    for order in (topology.hand_off(), topology.adopt(), topology.recover("epoch-1")):
        with pytest.raises(ConflictError, match="only aggregator"):
            await order
