"""What session and coordinator promise, over servers in memory and over real ones alike."""

from dataclasses import replace

import pytest

from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Role
from sysmon_appliance.errors import FencedError
from tests.support.ha.members import Member, Members

CLUSTER = "c" * 32


def lineage(epoch: int, txid: int, path: str = "") -> Lineage:
    return Lineage(CLUSTER, epoch, path or f"epoch-{epoch:08d}-a", txid, mark=txid)


def take_over(members: Members, member: Member) -> int:
    """Let somebody compete until the lock is theirs; return the epoch."""
    epochs = [0]

    def competed() -> bool:
        epochs.append(member.lock())
        return epochs[-1] > 0

    members.wait_until(competed)
    return epochs[-1]


def test_nothing_is_known_of_a_new_region(members: Members) -> None:
    """A region that never had a leader has epoch 0, no lineage, no cluster and nobody who leads."""
    standing = members.join("a").coordinator.standing()
    assert replace(standing, index=0) == type(standing)()


def test_the_lock_begins_an_epoch(members: Members) -> None:
    """Whoever takes the lock is named as its holder, together with the epoch that began."""
    a = members.join("a")
    assert a.lock() == 1
    standing = a.coordinator.standing()
    assert (standing.epoch, standing.holder) == (1, Holder(a.node, 1))


def test_only_one_holds_the_lock(members: Members) -> None:
    """Somebody else's lock is refused while the holder's session lives."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    members.live(5)
    assert b.lock() == 0
    assert b.coordinator.standing().holder == Holder(a.node, 1)


def test_the_holder_begins_another_epoch(members: Members) -> None:
    """Whoever holds the lock begins another epoch without letting go of it, and records no more for the old one."""
    a = members.join("a")
    a.lock()
    a.coordinator.record(lineage(1, 10))
    assert a.lock() == 2
    with pytest.raises(FencedError):
        a.coordinator.record(lineage(1, 11))
    a.coordinator.record(lineage(2, 1))
    assert a.coordinator.standing().lineage == lineage(2, 1)


def test_what_was_seen_must_still_be_so(members: Members) -> None:
    """The lock is refused to whoever saw an older epoch, and for an epoch that is not higher."""
    a, b = members.join("a"), members.join("b")
    seen = b.coordinator.standing()
    a.lock()
    a.coordinator.release()
    assert not b.coordinator.lock(b.node, seen, 5)
    assert not b.coordinator.lock(b.node, b.coordinator.standing(), 1)
    assert b.coordinator.lock(b.node, b.coordinator.standing(), 5)
    assert b.coordinator.standing().epoch == 5


def test_a_released_lock_is_free_at_once(members: Members) -> None:
    """No delay keeps others from a lock that was given back, and giving back somebody else's changes nothing."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    b.coordinator.release()
    assert a.coordinator.standing().holder == Holder(a.node, 1)
    a.coordinator.release()
    assert a.coordinator.standing().holder is None
    assert b.lock() == 2


def test_a_frozen_holder_loses_the_lock(members: Members) -> None:
    """A leader whose event loop stands still proves nothing any more; another one leads, and only after the lease."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    a.frozen = True
    lease = a.session.lease_until
    assert take_over(members, b) == 2
    assert a.session.lease_until == pytest.approx(lease, abs=3)  # it was not renewed for long
    with pytest.raises(FencedError) as fenced:
        a.coordinator.record(lineage(1, 1))
    assert fenced.value.leader == b.node.ingest
    a.frozen = False
    old = a.session.id
    members.wait_until(lambda: a.session.id not in {"", old})
    with pytest.raises(FencedError):
        a.coordinator.record(lineage(1, 1))


def test_a_closed_session_frees_the_lock(members: Members) -> None:
    """An aggregator that ends takes its session with it, and another leads after the lock-delay."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    members.members.remove(a)
    a.session.close()
    assert a.session.lease_until == 0.0
    assert take_over(members, b) == 2


def test_a_process_that_starts_again_ends_its_predecessor(members: Members) -> None:
    """A new process of the same name does not keep the session of the one that was killed alive."""
    old = members.join("a")
    old.lock()
    members.kill(old)
    new = members.join("a")
    members.wait_until(lambda: new.coordinator.standing().holder is None)
    with pytest.raises(FencedError):
        new.coordinator.record(lineage(1, 1))


def test_records_rise(members: Members) -> None:
    """A position is recorded once and for all: the same one or a lower one succeeds and changes nothing."""
    a = members.join("a")
    a.lock()
    for txid in (10, 12, 12, 11, 13):
        a.coordinator.record(lineage(1, txid))
    assert a.coordinator.standing().lineage == lineage(1, 13)
    a.coordinator.record(lineage(1, 3))
    assert a.coordinator.standing().lineage == lineage(1, 13)


def test_the_first_record_names_the_cluster(members: Members) -> None:
    """The cluster's id is noted with the first position, and a position of another cluster is refused ever after."""
    a = members.join("a")
    a.lock()
    a.coordinator.record(lineage(1, 1))
    assert a.coordinator.standing().cluster_id == CLUSTER
    with pytest.raises(FencedError):
        a.coordinator.record(replace(lineage(1, 2), cluster_id="d" * 32))


def test_an_epoch_has_one_path(members: Members) -> None:
    """A second path of the same epoch is refused, however far it is."""
    a = members.join("a")
    a.lock()
    a.coordinator.record(lineage(1, 1))
    with pytest.raises(FencedError):
        a.coordinator.record(lineage(1, 2, path="epoch-00000001-b"))


def test_nobody_else_records(members: Members) -> None:
    """Neither a position nor an order for a handoff is taken from whoever does not hold the lock."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    with pytest.raises(FencedError):
        b.coordinator.record(lineage(1, 1))
    with pytest.raises(FencedError):
        b.coordinator.ask_for_handoff(Handoff("b", 1))
    assert a.coordinator.standing().lineage is None


def test_a_handoff_is_noted(members: Members) -> None:
    """An order for a handoff is seen by all."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    a.coordinator.ask_for_handoff(Handoff("b", 1))
    assert b.coordinator.standing().handoff == Handoff("b", 1)


def test_waiting_ends_with_a_change(members: Members) -> None:
    """Waiting returns at once what is newer than the index, and else what is there when the time is over."""
    a, b = members.join("a"), members.join("b")
    a.lock()
    seen = a.coordinator.standing()
    members.wait_until(lambda: b.coordinator.wait(0, 0.1).index == seen.index)
    assert b.coordinator.wait(seen.index, 0.1) == seen
    a.coordinator.record(lineage(1, 1))
    assert b.coordinator.wait(seen.index, 20).lineage == lineage(1, 1)


def test_a_role_is_announced(members: Members) -> None:
    """The catalogue shows who leads and where; saying so costs the leader neither its session nor its lock."""
    a = members.join("a")
    a.lock()
    session = a.session.id
    assert members.tags("a") == ["standby"]
    a.session.announce(Role.LEADER)
    members.wait_until(lambda: members.tags("a") == ["leader"])
    members.live(4)
    a.coordinator.record(lineage(1, 1))
    assert a.session.id == session


def test_a_lease_ends_before_anybody_else_can_lead(members: Members) -> None:
    """A live session has a lease of some seconds, renewed each second."""
    a = members.join("a")
    first = a.session.lease_until
    members.live(4)
    assert a.session.lease_until > first
    assert a.session.trouble == ""
