"""Monitored hosts in the catalogue of real Consul servers, under the policy that an aggregator's token has."""

from dataclasses import replace

import pytest

from sysmon_appliance.consul.client import ConsulClient
from sysmon_appliance.consul.registration import ConsulRegistry
from sysmon_appliance.domain.registry import Entry, Health
from sysmon_appliance.errors import CoordinatorUnreachableError
from tests.support.ha.members import RealMembers

WEB = Entry(
    "0f" * 16, "Web 1.example", "10.0.0.7", (("env", "prod"), ("role", "web")), Health.PASSING, "Its batches arrive."
)


@pytest.fixture
def registry(real: RealMembers) -> ConsulRegistry:
    return ConsulRegistry(ConsulClient(real.settings("a"), timeout_seconds=5), region=real.region)


def test_a_host_is_a_node(real: RealMembers, registry: ConsulRegistry) -> None:
    """A host is an external node with its labels, the service sysmon-agent, and a check that says how it is."""
    entry = registry.fitted(WEB)
    registry.write([entry], [])
    (found,) = real.cluster.ask("GET", f"/v1/health/service/sysmon-agent?node-meta=sysmon-region:{real.region}")
    assert found["Node"]["Node"] == f"sysmon-{real.region}--web-1-example-0f0f0f0f"
    assert found["Node"]["Address"] == "10.0.0.7"
    assert found["Node"]["Meta"] == {
        "external-node": "true",
        "external-probe": "false",
        "sysmon-region": real.region,
        "sysmon-host": WEB.host_id,
        "sysmon-name": "Web 1.example",
        "env": "prod",
        "role": "web",
    }
    assert [check["Status"] for check in found["Checks"]] == ["passing"]


def test_what_was_written_is_read(registry: ConsulRegistry) -> None:
    """Entries are read as they were written, replaced by later ones, and gone when they are removed."""
    db = replace(WEB, host_id="1e" * 16, name="db-1", labels=(), health=Health.CRITICAL, output="No batch arrives.")
    entries = {entry.key: entry for entry in map(registry.fitted, (WEB, db))}
    registry.write(list(entries.values()), [])
    assert registry.entries() == entries
    well = registry.fitted(replace(db, health=Health.PASSING, output="Its batches arrive.", labels=(("a", "b"),)))
    registry.write([well], [registry.fitted(WEB).key])
    assert registry.entries() == {well.key: well}


def test_many_hosts_at_once(registry: ConsulRegistry) -> None:
    """As many hosts as are written in one step, with as many and as long labels as there may be, are taken."""
    labels = tuple((f"{index}-".ljust(200, "x"), "ä" * 1000) for index in range(100))
    entries = [registry.fitted(replace(WEB, host_id=f"{index:032x}"[::-1], labels=labels)) for index in range(20)]
    registry.write(entries, [])
    assert registry.entries() == {entry.key: entry for entry in entries}


def test_labels_that_consul_does_not_take(registry: ConsulRegistry) -> None:
    """Labels are fitted to what Consul takes, and none can pose as what SysMonitor itself writes."""
    labels = (("app.kubernetes.io/name", "shop"), ("external-node", "false"), ("sysmon-host", "x"), ("empty", ""))
    entry = registry.fitted(replace(WEB, labels=labels, name="n" * 300))
    assert dict(entry.labels) == {
        "app_kubernetes_io_name": "shop",
        "label-external-node": "false",
        "label-sysmon-host": "x",
        "empty": "",
    }
    assert len(entry.key) <= 63
    registry.write([entry], [])
    assert registry.entries() == {entry.key: entry}


def test_one_bad_host_stops_no_other(registry: ConsulRegistry, caplog: pytest.LogCaptureFixture) -> None:
    """An entry that Consul refuses is told in the log, and the others are entered."""
    good = registry.fitted(WEB)
    bad = registry.fitted(replace(WEB, host_id="1e" * 16))
    registry.write([replace(bad, labels=(("note", "n" * 600_000),)), good], [])
    assert registry.entries() == {good.key: good}
    assert [record.message for record in caplog.records] == ["Consul's catalogue refuses a host."]


def test_nobody_elses_node(registry: ConsulRegistry) -> None:
    """A node whose name does not begin with the region's prefix can be neither changed nor removed."""
    with pytest.raises(CoordinatorUnreachableError):
        registry.write([replace(registry.fitted(WEB), key="web-1")], [])
    with pytest.raises(CoordinatorUnreachableError):
        registry.write([], ["consul1"])
