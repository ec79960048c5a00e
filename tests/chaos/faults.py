"""What can go wrong with a region: each fault breaks one thing, and mends it after a while."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from tests.support.clusters.aggregators import AggregatorNode, Aggregators, signal_all
from tests.support.clusters.servers import Server
from tests.support.disks import fill


@dataclass(frozen=True, slots=True)
class Scene:
    """The region at the moment at which something goes wrong."""

    region: Aggregators
    leader: AggregatorNode
    random: Random


class Fault(Protocol):
    """One thing that goes wrong."""

    name: str
    takes_leader: bool
    """Whether another one must lead: how long that takes is what a failover costs."""
    lasts: tuple[float, float]
    """Seconds from `strike` to `mend`, at least and at most."""

    def strike(self, scene: Scene) -> None: ...
    def mend(self) -> None:
        """Put right what was broken; fine when nothing was."""


@dataclass(slots=True)
class Kill:
    """Ends servers as a loss of power would, and starts them again."""

    name: str
    victims: Callable[[Scene], Sequence[Server]]
    lasts: tuple[float, float] = (6.0, 10.0)
    takes_leader: bool = False
    _struck: Sequence[Server] = ()

    def strike(self, scene: Scene) -> None:
        self._struck = self.victims(scene)
        for server in self._struck:
            server.kill()

    def mend(self) -> None:
        for server in self._struck:
            server.start()
        self._struck = ()


@dataclass(slots=True)
class Freeze:
    """Lets servers stand still, as a host does that swaps or is being moved, and go on where they were."""

    name: str
    victims: Callable[[Scene], Sequence[Server]]
    lasts: tuple[float, float] = (10.0, 16.0)
    takes_leader: bool = False
    with_children: bool = False
    _struck: Sequence[Server] = ()
    _children: list[int] = field(default_factory=list)

    def strike(self, scene: Scene) -> None:
        self._struck = self.victims(scene)
        for server in self._struck:
            if self.with_children and isinstance(server, AggregatorNode):
                self._children += server.freeze_children()
            server.freeze()

    def mend(self) -> None:
        for server in self._struck:
            server.thaw()
        signal_all(self._children, signal.SIGCONT)
        self._struck, self._children = (), []


@dataclass(slots=True)
class FullDisk:
    """Fills the disk of the leader, which must be a small one."""

    name: str = "the leader's disk is full"
    lasts: tuple[float, float] = (16.0, 20.0)
    takes_leader: bool = False
    _ballast: Path | None = None

    def strike(self, scene: Scene) -> None:
        self._ballast = fill(scene.leader.data)

    def mend(self) -> None:
        if self._ballast is not None:
            self._ballast.unlink(missing_ok=True)
            self._ballast = None


def leader(scene: Scene) -> Sequence[Server]:
    return (scene.leader,)


def standby(scene: Scene) -> Sequence[Server]:
    return (scene.random.choice([node for node in scene.region.nodes if node is not scene.leader]),)


def machine(scene: Scene) -> Sequence[Server]:
    """All that is on the leader's address."""
    return (scene.leader, scene.leader.machine.consul, scene.leader.machine.garage)


def every_machine(scene: Scene) -> Sequence[Server]:
    region = scene.region
    return (*region.consul.nodes, *region.garage.nodes, *region.nodes)


def consul_leader(scene: Scene) -> Sequence[Server]:
    return (scene.region.consul.leader(),)


def own_consul(scene: Scene) -> Sequence[Server]:
    return (scene.leader.machine.consul,)


def whole_consul(scene: Scene) -> Sequence[Server]:
    return scene.region.consul.nodes


def own_store(scene: Scene) -> Sequence[Server]:
    return (scene.leader.machine.garage,)


def other_store(scene: Scene) -> Sequence[Server]:
    own = scene.leader.machine.garage
    return (scene.random.choice([node for node in scene.region.garage.nodes if node is not own]),)


def whole_store(scene: Scene) -> Sequence[Server]:
    return scene.region.garage.nodes


def faults(*, small_disks: bool) -> list[Fault]:
    """Make one fault of each kind."""
    usual: list[Fault] = [
        Kill("the leader is killed", leader, takes_leader=True),
        Kill("a standby is killed", standby),
        Kill("the leader's machine is lost", machine, takes_leader=True),
        Kill("all machines lose power", every_machine, (1.0, 4.0)),
        Kill("Consul's leader is killed", consul_leader),
        Kill("the leader's Consul is killed", own_consul, (10.0, 16.0)),
        Kill("the whole of Consul is gone", whole_consul),
        Kill("a standby's store is killed", other_store),
        Freeze("the leader's store stands still", own_store, (16.0, 20.0)),
        Freeze("the whole store stands still", whole_store, (4.0, 10.0)),
        Freeze("the leader stands still", leader, takes_leader=True),
        Freeze("the leader and its Litestream stand still", leader, takes_leader=True, with_children=True),
        Freeze("the leader's machine stands still", machine, takes_leader=True, with_children=True),
    ]
    return [*usual, FullDisk()] if small_disks else usual
