"""Leadership over real servers that are killed and frozen."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.errors import CoordinatorUnreachableError, FencedError
from tests.support.clusters.consul import ConsulCluster, ConsulNode
from tests.support.ha.members import Member, RealMembers
from tests.support.system import eventually

pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def healed(consul_servers: ConsulCluster) -> Iterator[None]:
    """Leave the servers as they were found."""
    eventually(consul_servers.is_ready, "Consul is ready")
    yield
    for node in consul_servers.nodes:
        revive(node)
    eventually(consul_servers.is_ready, "Consul is ready again")


def revive(node: ConsulNode) -> None:
    """Let a server go on, whether it was frozen or killed; fine where neither was."""
    if node.running:
        node.thaw()
    else:
        node.start()


def records(member: Member, txid: int) -> bool:
    """Try to record a position."""
    with suppress(CoordinatorUnreachableError):
        member.coordinator.record(Lineage("c" * 32, 1, "epoch-00000001-a", txid, mark=txid))
        return True
    return False


def leads(member: Member) -> bool:
    """Try to begin the next epoch."""
    with suppress(CoordinatorUnreachableError):
        return member.lock() > 0
    return False


def server_names(real: RealMembers, *, leading: bool) -> list[str]:
    """Name aggregators by whether the server beside them leads Consul's servers."""
    leader = real.cluster.leader()
    return [name for name in "abc" if (real.server(name) is leader) is leading]


def test_consul_loses_its_leader(real: RealMembers) -> None:
    """When the servers elect another leader, the lock stays where it is, and positions are recorded again."""
    holder = real.join(server_names(real, leading=False)[0])
    other = real.join(server_names(real, leading=False)[1])
    holder.lock()
    session = holder.session.id
    real.cluster.leader().kill()
    real.wait_until(lambda: records(holder, 1))
    assert not leads(other)
    assert holder.session.id == session


def test_a_server_starts_again(real: RealMembers) -> None:
    """An aggregator whose server starts again is in the catalogue with a session again, and can lead."""
    holder = real.join(server_names(real, leading=False)[0])
    holder.lock()
    server = real.server(holder.node.name)
    server.kill()
    server.start()
    real.wait_until(lambda: leads(holder))
    real.wait_until(lambda: real.tags(holder.node.name) == ["standby"])
    assert not holder.session.trouble


@pytest.mark.parametrize("fault", ["kill", "freeze"])
@pytest.mark.parametrize("leading", [False, True], ids=["a-server", "the-leading-server"])
def test_the_server_beside_the_leader_is_gone(real: RealMembers, fault: str, *, leading: bool) -> None:
    """A leader that is cut off from Consul knows so by its lease before another one leads, and is fenced afterwards."""
    names = server_names(real, leading=leading) + server_names(real, leading=not leading)
    holder, other = real.join(names[0]), real.join(names[1])
    holder.lock()
    server = real.server(holder.node.name)
    getattr(server, fault)()
    real.wait_until(lambda: leads(other))
    assert holder.session.lease_until < time.monotonic()
    assert holder.session.trouble
    revive(server)
    with pytest.raises(FencedError):
        real.wait_until(lambda: records(holder, 1))
