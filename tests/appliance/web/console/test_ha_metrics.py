"""Prometheus can warn of a region that is less than it should be."""

from dataclasses import replace

from prometheus_client import CollectorRegistry

from sysmon_appliance.domain.durability import Assurance
from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import NodeState
from sysmon_appliance.web.console.ha_metrics import TopologyMetrics
from tests.support.head import START_MS
from tests.support.topology import FOLLOWED, LED, TopologyInMemory


def shown(state: NodeState) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(TopologyMetrics(TopologyInMemory(state)))
    return registry


def test_a_leader_shows_how_far_all_is_durable() -> None:
    """Role, epoch, marks, the newest moment and each standby's lag are there in seconds."""
    metrics = shown(LED)
    assert metrics.get_sample_value("sysmon_ha_role", {"role": "leader"}) == 1
    assert metrics.get_sample_value("sysmon_ha_role", {"role": "standby"}) == 0
    assert metrics.get_sample_value("sysmon_ha_epoch") == 7
    assert metrics.get_sample_value("sysmon_ha_durable_mark") == 119
    assert metrics.get_sample_value("sysmon_ha_durable_timestamp_seconds") == (START_MS - 900) / 1000
    assert metrics.get_sample_value("sysmon_ha_waiting") == 2
    assert metrics.get_sample_value("sysmon_ha_standby_lag_seconds", {"node": "agg-3"}) == 1.8
    assert metrics.get_sample_value("sysmon_ha_standby_lag_seconds", {"node": "agg-1"}) is None
    assert metrics.get_sample_value("sysmon_ha_degraded") == 0


def test_a_standby_shows_how_old_its_copy_is() -> None:
    """It does not claim to know what is durable at the leader."""
    metrics = shown(FOLLOWED)
    assert metrics.get_sample_value("sysmon_ha_age_seconds") == 0.8
    assert metrics.get_sample_value("sysmon_ha_durable_mark") is None


def test_trouble_is_shown() -> None:
    """Whatever does not answer is 0, and so is a lead that nobody has."""
    metrics = shown(replace(FOLLOWED, holder=None, coordinator_trouble="Gone.", store_trouble="Gone."))
    for name in ("leader_known", "consul_up", "store_up"):
        assert metrics.get_sample_value(f"sysmon_ha_{name}") == 0
    assert metrics.get_sample_value("sysmon_ha_degraded") == 1


def test_a_single_aggregator_knows_of_no_others() -> None:
    """Without others there is no Consul to be up."""
    durable = replace(LED.durable, assurance=Assurance.COMMITTED)
    metrics = shown(replace(LED, role=Role.SINGLE, durable=durable))
    assert metrics.get_sample_value("sysmon_ha_role", {"role": "single"}) == 1
    assert metrics.get_sample_value("sysmon_ha_consul_up") is None
    assert metrics.get_sample_value("sysmon_ha_durable_mark") == 119
