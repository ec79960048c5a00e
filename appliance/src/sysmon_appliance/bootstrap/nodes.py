"""The aggregator as others know it, and the topology of one that is alone."""

import socket
from collections.abc import Callable, Sequence

from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.services.single_topology import CommitWatch, SingleTopology
from sysmon_appliance.web.listeners import advertised, is_loopback


def own_node(base: Base) -> Node:
    """Name this aggregator and its addresses: as they were configured, else as this machine calls itself."""
    settings = base.settings
    return Node(
        name=settings.consul.node or socket.gethostname(),
        ingest=settings.consul.address or str(advertised(base.listeners.ingest)),
        console=settings.console.url.rstrip("/") or _console_url(base),
    )


def single_topology(ground: Ground, epoch: Callable[[], int]) -> SingleTopology:
    """Return the topology of a single aggregator without a replica."""
    storing = ground.storing
    return SingleTopology(
        own_node(ground.base),
        region=ground.settings.region,
        cluster_id=ground.database.state.cluster_id,
        epoch=epoch,
        durable=CommitWatch(storing, ground.clock, waiting=lambda: storing.waiting).state,
    )


def addresses_for_agents(ground: Ground) -> Callable[[], Sequence[str]]:
    """Return what tells agents of aggregators: as they were set, else all of the region, this one first."""
    configured, topology = ground.settings.enrolment.addresses, ground.topology
    own = own_node(ground.base).ingest

    def known() -> Sequence[str]:
        others = topology.state().nodes if topology is not None else ()
        return tuple(dict.fromkeys((own, *(view.node.ingest for view in others))))

    return lambda: configured or known()


def _console_url(base: Base) -> str:
    address = advertised(base.listeners.console)
    if is_loopback(address.host):
        return ""
    return f"{'https' if base.settings.console.certificate else 'http'}://{address}"
