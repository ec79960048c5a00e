"""An agent that runs finds the aggregator that leads: with the real programs, against a real one and a standby."""

import json
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.authority import LocalAuthority
from tests.support.canned_http import answering
from tests.support.joining_commands import Host
from tests.support.region import Region
from tests.support.standby import standby
from tests.support.system import eventually

NOBODY = "127.0.0.1:1"


@pytest.fixture
def enrolled(region: Region, host: Host) -> str:
    """The host is enrolled; returns its id."""
    assert host.run("enroll", "--token-file", "-", text=region.token()).returncode == 0
    (host_id,) = region.hosts()
    return host_id


def settle_on(host: Host, address: str, more: str = "") -> None:
    """Make an address the only one of the settings."""
    kept = [line for line in host.config.read_text().splitlines() if not line.startswith("aggregators")]
    host.config.write_text("\n".join([*kept, f"aggregators: [{address}]", more]))


@pytest.mark.fault
def test_a_leader_that_was_learned_outlives_a_restart(
    region: Region, host: Host, enrolled: str, tmp_path: Path
) -> None:
    """Sent on by a standby, the agent delivers; started again it does so although the standby is gone."""
    issued = LocalAuthority.open(tmp_path / "region" / "pki", SystemClock()).aggregator()
    with standby(issued, region.address, region.address) as address:
        settle_on(host, address)
        with host.start("run"):
            eventually(lambda: region.delivered(enrolled) >= 2, "ticks are delivered")
    before = region.delivered(enrolled)
    with host.start("run"):
        eventually(lambda: region.delivered(enrolled) >= before + 2, "ticks are delivered again")
    checked = host.run("check")
    assert f"ok    aggregator {region.address}: " in checked.stdout


@pytest.mark.fault
def test_consul_leads_to_an_aggregator(region: Region, host: Host, enrolled: str) -> None:
    """An agent whose settings lead nowhere asks Consul, enters its host there, and delivers."""
    ip, port = region.address.split(":")
    entry = {"Node": {"Address": ip}, "Service": {"Port": int(port), "Meta": {"region": "local"}}}
    with answering(200, json.dumps([entry]).encode()) as url:
        settle_on(host, NOBODY, f"consul:\n  url: {url}\n  register: yes\n")
        with host.start("run"):
            eventually(lambda: region.delivered(enrolled) >= 2, "ticks are delivered")
        shown = host.run("discover")
    assert (shown.returncode, shown.stdout.strip()) == (0, region.address)


def test_without_consul_nobody_is_asked(host: Host) -> None:
    """Where the settings name no Consul, the command says so."""
    shown = host.run("discover")
    assert shown.returncode == 5
    assert "consul.url is not set" in shown.stderr


@pytest.mark.fault
def test_a_consul_that_is_gone_stops_nothing(region: Region, host: Host, enrolled: str) -> None:
    """Where Consul does not answer, the agent says so and delivers to the aggregators of its settings."""
    settle_on(host, region.address, "consul:\n  url: http://127.0.0.1:1\n")
    with host.start("run") as agent:
        assert agent.stderr
        told = next(line for line in agent.stderr if "Consul" in line)
        eventually(lambda: region.delivered(enrolled) >= 2, "ticks are delivered")
    assert "Consul could not be asked for aggregators." in told
