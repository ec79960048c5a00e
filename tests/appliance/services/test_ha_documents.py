"""The one sentence that says what is less than it should be."""

from dataclasses import replace

import pytest

from sysmon_appliance.domain.durability import Assurance, DurableState
from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import Blocked, NodeState, NodeView
from sysmon_appliance.services.ha_documents import TopologyKind, degraded, kind_of
from tests.support.topology import FOLLOWED, LED, SECOND, THIRD

ALONE = replace(LED.durable, assurance=Assurance.RECORDED)
STUCK = replace(LED.durable, trouble="The object store does not answer.")
COMMITTED = DurableState(Assurance.COMMITTED, 0, 0, None, 0)


@pytest.mark.parametrize("state", [LED, FOLLOWED, replace(LED, role=Role.SINGLE, durable=COMMITTED)])
def test_nothing_is_said_while_all_is_well(state: NodeState) -> None:
    """A leader that is read back, a standby that follows and a single aggregator are not degraded."""
    assert degraded(state) == ""


def test_a_leader_that_nobody_reads_back_is_degraded() -> None:
    """Without a ready standby the sentence says what could be lost."""
    assert degraded(replace(LED, durable=ALONE)).startswith("No standby reads back")


def test_what_does_not_become_durable_comes_first() -> None:
    """The worst is said, not the first that was noticed."""
    state = replace(LED, durable=STUCK, coordinator_trouble="Consul does not answer.")
    assert degraded(state) == "Nothing becomes durable: The object store does not answer."


def test_a_fault_that_a_standby_found_is_said() -> None:
    """Whoever found the replica broken is named."""
    views = (NodeView(SECOND, Role.STANDBY, fault="Row 9 differs."), NodeView(THIRD, Role.STANDBY))
    assert degraded(replace(LED, nodes=views)) == "agg-2 has found the replica broken: Row 9 differs."


def test_a_standby_says_its_own_fault_alone() -> None:
    """What it found itself is this node's trouble."""
    own = NodeView(SECOND, Role.STANDBY, fault="Row 9 differs.")
    assert degraded(replace(FOLLOWED, nodes=(own,))) == "This standby has found the replica broken: Row 9 differs."
    other = NodeView(THIRD, Role.STANDBY, fault="Row 9 differs.")
    assert degraded(replace(FOLLOWED, nodes=(other,))) == ""


def test_a_region_without_a_leader_is_degraded() -> None:
    """Where nobody leads that is said, unless a person must decide."""
    assert degraded(replace(FOLLOWED, holder=None)) == "No aggregator leads at this moment."
    broken = replace(FOLLOWED, holder=None, store_trouble="Path epoch-7 is damaged.")
    assert degraded(broken) == "No aggregator leads. Path epoch-7 is damaged."
    blocked = Blocked("lineage_lost", "Consul has lost its data.", "sysmon ha recover")
    assert degraded(replace(FOLLOWED, holder=None, blocked=blocked)) == "Consul has lost its data."


@pytest.mark.parametrize(
    ("role", "assurance", "kind"),
    [
        (Role.SINGLE, Assurance.COMMITTED, TopologyKind.SINGLE),
        (Role.SINGLE, Assurance.REPLICATED, TopologyKind.REPLICATED),
        (Role.WAITING, Assurance.RECORDED, TopologyKind.HA),
    ],
)
def test_the_topology_follows_from_role_and_assurance(role: Role, assurance: Assurance, kind: TopologyKind) -> None:
    """A single aggregator with a replica is not the same as one without."""
    assert kind_of(replace(LED, role=role, durable=replace(LED.durable, assurance=assurance))) is kind
