"""Aggregators reduced to their part in Consul, over servers in memory or over real ones."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sysmon_agent.clock import SystemClock
from sysmon_appliance.config import ConsulSettings
from sysmon_appliance.consul.client import ConsulClient
from sysmon_appliance.consul.coordinator import ConsulCoordinator
from sysmon_appliance.consul.session import ConsulSession
from sysmon_appliance.domain.leadership import Node
from tests.support.clock import ManualClock
from tests.support.clusters.consul import ConsulCluster, ConsulNode
from tests.support.ha.consul import FakeClient, FakeConsul

_STEP_SECONDS = 0.25
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Member:
    """One aggregator; while `frozen` its event loop stands still."""

    node: Node
    session: ConsulSession
    coordinator: ConsulCoordinator
    frozen: bool = False

    def lock(self) -> int:
        """Try to begin the next epoch; return it, or 0 where it was refused."""
        seen = self.coordinator.standing()
        return seen.epoch + 1 if self.coordinator.lock(self.node, seen, seen.epoch + 1) else 0


class Members(Protocol):
    """Aggregators of one region, and time for them."""

    members: list[Member]

    def join(self, name: str) -> Member:
        """Start an aggregator; return when it has a session."""

    def kill(self, member: Member) -> None:
        """End an aggregator as SIGKILL would."""

    def tags(self, name: str) -> list[str]:
        """Return how the catalogue shows an aggregator whose check passes."""

    def live(self, seconds: float) -> None:
        """Let time pass, in which whoever is not frozen is alive."""

    def wait_until(self, seen: Callable[[], object]) -> None:
        """Let time pass until something is so; fail where that never comes."""


@dataclass(slots=True)
class TwinMembers:
    """Over servers in memory, on a clock that moves when it is told to."""

    clock: ManualClock = field(default_factory=ManualClock)
    consul: FakeConsul = field(init=False)
    clients: dict[str, FakeClient] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.consul = FakeConsul(self.clock)

    def join(self, name: str) -> Member:
        client = self.clients[name] = FakeClient(self.consul, name)
        node = Node(name, f"{name}.example:7443")
        session = ConsulSession(client, node, self.clock, region="region")
        member = Member(node, session, ConsulCoordinator(client, session, prefix="sysmon/region/"))
        self.members.append(member)
        session.beat()
        return member

    def kill(self, member: Member) -> None:
        self.members.remove(member)

    def tags(self, name: str) -> list[str]:
        service = f"sysmon-aggregator-region-{name}"
        return list(self.consul.services[service]["Tags"]) if self.consul.is_passing(service) else []

    def live(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(_STEP_SECONDS)
            for member in self.members:
                if not member.frozen:
                    member.session.stamp()
                    member.session.beat()

    def wait_until(self, seen: Callable[[], object]) -> None:
        end = self.clock.monotonic() + _PATIENCE_SECONDS
        while not seen():
            assert self.clock.monotonic() < end
            self.live(_STEP_SECONDS)


@dataclass(slots=True)
class RealMembers:
    """Over three real servers, one for each aggregator, in a region that no other test uses."""

    cluster: ConsulCluster
    region: str
    token: str
    closing: ExitStack
    members: list[Member] = field(default_factory=list)

    def server(self, name: str) -> ConsulNode:
        """Return the server beside an aggregator; each of three names has one of its own."""
        return self.cluster.nodes[ord(name[-1]) % len(self.cluster.nodes)]

    def settings(self, name: str) -> ConsulSettings:
        """Return the settings of an aggregator."""
        node = self.server(name)
        fields: dict[str, Any] = {**self.cluster.settings(node, self.token)}
        return ConsulSettings(**fields)

    def join(self, name: str) -> Member:
        settings = self.settings(name)
        node = Node(name, f"{name}.example:7443")
        session = ConsulSession(ConsulClient(settings, timeout_seconds=1.5), node, SystemClock(), region=self.region)
        client = ConsulClient(settings, timeout_seconds=5.0)
        member = Member(node, session, ConsulCoordinator(client, session, prefix=f"sysmon/{self.region}/"))
        self.members.append(member)
        self.closing.callback(session.close)
        session.start()
        self.wait_until(lambda: session.id)
        return member

    def kill(self, member: Member) -> None:
        member.session._closing.set()  # as if there were no thread any more: nothing is said to Consul
        member.session._thread.join()
        self.members.remove(member)

    def tags(self, name: str) -> list[str]:
        found = self.cluster.ask("GET", "/v1/health/service/sysmon-aggregator?passing")
        services = (each["Service"] for each in found)
        wanted = f"sysmon-aggregator-{self.region}-{name}"
        return next((service["Tags"] for service in services if service["ID"] == wanted), [])

    def live(self, seconds: float) -> None:
        time.sleep(seconds)

    def stamp_until(self, stop: threading.Event) -> None:
        """Be the event loop of all that are not frozen, while the test waits for answers."""
        while not stop.wait(0.1):
            for member in list(self.members):
                if not member.frozen:
                    member.session.stamp()

    def wait_until(self, seen: Callable[[], object]) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not seen():
            assert time.monotonic() < end
            self.live(_STEP_SECONDS)


@contextmanager
def real_members(cluster: ConsulCluster, region: str, token: str) -> Iterator[RealMembers]:
    """Let aggregators join a region of real servers; at the end their sessions are closed."""
    stop = threading.Event()
    with ExitStack() as closing:
        members = RealMembers(cluster, region, token, closing)
        stamping = threading.Thread(target=members.stamp_until, args=(stop,))
        stamping.start()
        closing.callback(stamping.join)
        closing.callback(stop.set)
        yield members
