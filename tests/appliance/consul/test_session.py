"""What a session says of itself while answers are slow, or nobody can be asked."""

from sysmon_appliance.consul.session import ConsulSession
from sysmon_appliance.domain.leadership import Node
from tests.support.clock import ManualClock
from tests.support.ha.consul import FakeClient, FakeConsul

NODE = Node("a", "192.0.2.7:7443", "https://a.example:7480")


class SlowClient(FakeClient):
    """A way to Consul on which each answer takes some seconds."""

    def __init__(self, consul: FakeConsul, clock: ManualClock) -> None:
        super().__init__(consul, "a")
        self.clock = clock
        self.seconds = 0.0

    def pass_check(self, check_id: str) -> bool:
        passed = super().pass_check(check_id)
        self.clock.advance(self.seconds)
        return passed

    def renew_session(self, session_id: str) -> bool:
        renewed = super().renew_session(session_id)
        self.clock.advance(self.seconds)
        return renewed


class LeaderlessClient(FakeClient):
    """A way to an agent whose servers have no leader, of which only a renewal takes notice."""

    def renew_session(self, session_id: str) -> bool:
        self.unreachable = True
        return super().renew_session(session_id)


def test_a_lease_counts_from_before_the_question() -> None:
    """However long answers take, the lease ends when Consul may end the session: three seconds after it was sent."""
    clock = ManualClock()
    client = SlowClient(FakeConsul(clock), clock)
    session = ConsulSession(client, NODE, clock, region="eu")
    session.beat()
    sent, client.seconds = clock.monotonic(), 1.0
    session.beat()
    assert clock.monotonic() == sent + 2
    assert session.lease_until == sent + 3


def test_a_lease_without_renewal_ends() -> None:
    """While the check is refreshed and the session is not, which needs Consul's leader, the lease is not prolonged."""
    clock = ManualClock()
    session = ConsulSession(LeaderlessClient(FakeConsul(clock), "a"), NODE, clock, region="eu")
    session.beat()
    lease = session.lease_until
    clock.advance(1)
    session.stamp()
    session.beat()
    assert session.lease_until == lease
    assert session.trouble


def test_the_service_says_where_it_is() -> None:
    """The catalogue has where agents reach the aggregator, where people do, and of which region it is."""
    clock = ManualClock()
    consul = FakeConsul(clock)
    ConsulSession(FakeClient(consul, "a"), NODE, clock, region="eu").beat()
    (service,) = consul.services.values()
    assert (service["Name"], service["Address"], service["Port"]) == ("sysmon-aggregator", "192.0.2.7", 7443)
    assert service["Meta"] == {"region": "eu", "node": "a", "console": "https://a.example:7480"}


def test_closing_without_consul() -> None:
    """A session is closed though nobody answers; it ends by itself then."""
    clock = ManualClock()
    client = FakeClient(FakeConsul(clock), "a")
    session = ConsulSession(client, NODE, clock, region="eu")
    session.beat()
    client.unreachable = True
    session.close()
    assert (session.id, session.lease_until) == ("", 0.0)
