"""What becomes of leadership when Consul does not answer, answers late, or holds what nobody of us wrote."""

import pytest

from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.errors import CoordinatorUnreachableError, FencedError
from tests.support.ha.consul import FakeClient
from tests.support.ha.members import Member, TwinMembers

CLUSTER = "c" * 32


def lineage(txid: int, epoch: int = 1) -> Lineage:
    return Lineage(CLUSTER, epoch, f"epoch-{epoch:08d}-a", txid, mark=txid)


@pytest.fixture
def leader(twin: TwinMembers) -> Member:
    member = twin.join("a")
    assert member.lock() == 1
    member.coordinator.record(lineage(1))
    return member


@pytest.fixture
def way(twin: TwinMembers, leader: Member) -> FakeClient:
    return twin.clients[leader.node.name]


def test_a_record_whose_answer_is_lost(leader: Member, way: FakeClient) -> None:
    """A position whose answer was lost counts as unknown, and recording it again succeeds."""
    way.lost_replies = 1
    with pytest.raises(CoordinatorUnreachableError):
        leader.coordinator.record(lineage(2))
    leader.coordinator.record(lineage(2))
    leader.coordinator.record(lineage(3))
    assert leader.coordinator.standing().lineage == lineage(3)


def test_a_record_that_arrives_after_a_later_one(leader: Member, way: FakeClient) -> None:
    """A transaction that was on its way for long takes nothing back."""
    way.delayed = 1
    with pytest.raises(CoordinatorUnreachableError):
        leader.coordinator.record(lineage(2))
    leader.coordinator.record(lineage(9))
    way.deliver()
    assert leader.coordinator.standing().lineage == lineage(9)


def test_a_record_that_arrives_before_the_next_one(leader: Member, way: FakeClient) -> None:
    """The next position is recorded whether or not the one before it arrived meanwhile."""
    way.delayed = 1
    with pytest.raises(CoordinatorUnreachableError):
        leader.coordinator.record(lineage(2))
    way.deliver()
    leader.coordinator.record(lineage(3))
    assert leader.coordinator.standing().lineage == lineage(3)


def test_a_record_that_arrives_in_a_later_epoch(twin: TwinMembers, leader: Member, way: FakeClient) -> None:
    """A transaction of an old leader changes nothing once another one leads."""
    way.delayed = 1
    with pytest.raises(CoordinatorUnreachableError):
        leader.coordinator.record(lineage(99))
    leader.coordinator.release()
    other = twin.join("b")
    assert other.lock() == 2
    way.deliver()
    assert other.coordinator.standing().lineage == lineage(1)


def test_a_record_that_arrives_in_a_later_epoch_of_the_same_leader(leader: Member, way: FakeClient) -> None:
    """A transaction of an old epoch changes nothing, though the same session holds the lock."""
    way.delayed = 1
    with pytest.raises(CoordinatorUnreachableError):
        leader.coordinator.record(lineage(99))
    assert leader.lock() == 2
    way.deliver()
    assert leader.coordinator.standing().lineage == lineage(1)


def test_a_lock_whose_answer_is_lost(twin: TwinMembers, leader: Member) -> None:
    """A lock that was taken without our knowing it is seen as ours, and can be taken again."""
    leader.coordinator.release()
    other = twin.join("b")
    twin.clients["b"].lost_replies = 1
    with pytest.raises(CoordinatorUnreachableError):
        other.lock()
    holder = other.coordinator.standing().holder
    assert holder is not None
    assert holder.node == other.node
    assert other.lock() == 3


def test_another_session_of_the_same_aggregator(twin: TwinMembers, leader: Member) -> None:
    """Whoever lost its session and leads again records at once, and not what the old session was for."""
    old = leader.session.id
    twin.consul.lose_agent("a")
    twin.wait_until(lambda: leader.session.id not in {"", old})
    with pytest.raises(FencedError):
        leader.coordinator.record(lineage(2))
    twin.wait_until(leader.lock)
    leader.coordinator.record(lineage(1, epoch=2))
    assert leader.coordinator.standing().lineage == lineage(1, epoch=2)


def test_a_session_without_consul(twin: TwinMembers, leader: Member, way: FakeClient) -> None:
    """While Consul does not answer the lease runs out and the reason is told; then a new session is made."""
    way.unreachable = True
    twin.live(2)
    assert leader.session.trouble
    twin.live(4)
    assert leader.session.lease_until < twin.clock.monotonic()
    old, way.unreachable = leader.session.id, False
    twin.wait_until(lambda: leader.session.id not in {"", old})
    assert leader.session.trouble == ""
    assert leader.session.lease_until > twin.clock.monotonic()


def test_consul_elects_a_leader_of_its_own(twin: TwinMembers, leader: Member) -> None:
    """An election among Consul's servers takes the lock from nobody."""
    twin.consul.lose_leader()
    twin.live(30)
    leader.coordinator.record(lineage(2))


def test_consul_loses_its_keys(twin: TwinMembers, leader: Member) -> None:
    """A leader whose lock is gone with all of Consul's keys is fenced, and nothing is made up."""
    twin.consul.lose_keys()
    with pytest.raises(FencedError):
        leader.coordinator.record(lineage(2))
    assert leader.coordinator.standing().lineage is None


@pytest.mark.parametrize("value", [b"", b"\xff", b'{"epoch": "7"}', b"[]", b"-1", b'"x"', b"1" * 20_000])
@pytest.mark.parametrize("key", ["leader", "epoch", "lineage", "handoff"])
def test_a_damaged_key(twin: TwinMembers, leader: Member, key: str, value: bytes) -> None:
    """Nothing is decided on a value that SysMonitor never wrote; the error names the key."""
    held = twin.consul.pairs["sysmon/region/leader"]
    twin.consul.pairs[f"sysmon/region/{key}"] = type(held)(value, 1000, held.session)
    with pytest.raises(CoordinatorUnreachableError) as damaged:
        leader.coordinator.standing()
    assert f"sysmon/region/{key}" in damaged.value.message
    assert damaged.value.hint == f"consul kv get -detailed sysmon/region/{key}"
