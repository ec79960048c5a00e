"""Who leads and how far everything is durable, for Prometheus, as this aggregator knows it."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import NodeState, Topology
from sysmon_appliance.services.ha_documents import TopologyKind, degraded, kind_of


class TopologyMetrics(Collector):
    """Shows role, epoch, durability and standbys; register it."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def collect(self) -> Iterator[Metric]:
        state = self._topology.state()
        yield _roles(state)
        yield _gauge(
            "epoch", "The epoch that this aggregator leads or shows; it rises with each takeover.", state.epoch
        )
        yield _gauge("degraded", "1 while something is less than it should be.", bool(degraded(state)))
        if state.role in {Role.LEADER, Role.SINGLE}:
            yield from _durability(state)
        if state.age_ms is not None:
            yield _gauge("age_seconds", "How old the newest is that this standby shows.", state.age_ms / 1000)
        if kind_of(state) is TopologyKind.HA:
            yield from _region(state)


def _roles(state: NodeState) -> Metric:
    family = _family("role", "1 for the role that this aggregator has.", "role")
    for role in Role:
        family.add_metric((role,), role is state.role)
    return family


def _durability(state: NodeState) -> Iterator[Metric]:
    durable = state.durable
    yield _gauge("committed_mark", "The newest mark that is committed.", durable.committed_mark)
    yield _gauge("durable_mark", "The newest mark that is durable.", durable.durable_mark)
    if durable.durable_ms is not None:
        at_seconds = durable.durable_ms / 1000
        yield _gauge("durable_timestamp_seconds", "When something became durable last.", at_seconds)
    yield _gauge("waiting", "Changes that are committed and not durable yet.", durable.waiting)


def _region(state: NodeState) -> Iterator[Metric]:
    yield _gauge("leader_known", "1 while somebody holds the lead.", state.holder is not None)
    yield _gauge("consul_up", "1 while Consul answers this aggregator.", not state.coordinator_trouble)
    yield _gauge("store_up", "1 while the replica's store answers this aggregator.", not state.store_trouble)
    lag = _family("standby_lag_seconds", "How far a standby is behind its leader.", "node")
    for view in state.nodes:
        if view.role is Role.STANDBY and view.lag_ms is not None:
            lag.add_metric((view.node.name,), view.lag_ms / 1000)
    yield lag


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sysmon_ha_{name}", text, value)


def _family(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"sysmon_ha_{name}", text, labels=(label,))
