"""Root and intermediate replaced under a fleet that delivers, by the commands that operators have for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.joining_commands import Host
from tests.support.operators import Operator, run
from tests.support.system import Program, System, eventually, system_in

SIMULATED = 20


class Authority:
    """The operator's root, and what goes back and forth between it and the aggregator."""

    def __init__(self, system: System) -> None:
        self._root = system.folder / "root"
        self._folder = system.folder / "aggregator"
        self._passphrase = system.folder / "passphrase"
        self._passphrase.write_text("correct horse battery staple\n")
        self._passphrase.chmod(0o600)
        self._config = str(system.folder / "aggregator.yaml")
        self.settings = {
            "listen": f"127.0.0.1:{system.ingest_port}",
            "certificate": str(self._folder / "aggregator.pem"),
            "key": str(self._folder / "aggregator-key.pem"),
            "authority": str(self._folder / "ca.pem"),
        }

    def pki(self, *words: str) -> None:
        """Run one of the commands about the root."""
        sealed = ("--folder", str(self._root), "--passphrase-file", str(self._passphrase))
        run("sysmon_appliance.cli", "pki", *words, *sealed)

    def new_intermediate(self) -> None:
        request, signed = str(self._root / "request.pem"), str(self._root / "signed.pem")
        self._aggregator("request", "--output", request)
        self.pki("sign", request, "--output", signed, "--yes")
        self._aggregator("install", signed, str(self._root / "ca.pem"))

    def trust(self) -> None:
        self._aggregator("trust", str(self._root / "ca.pem"))

    def _aggregator(self, *words: str) -> None:
        run("sysmon_appliance.cli.aggregator", "pki", *words, "--config", self._config)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as running:
        yield running


def simulate(system: System, token: str) -> Program:
    """Start simulated hosts, which renew their certificates as soon as they are asked to."""
    folder = system.folder / "simulated"
    files = [(str(folder / f"{number}.pem"), str(folder / f"{number}-key.pem")) for number in range(SIMULATED)]
    plan = {
        "aggregator": f"127.0.0.1:{system.ingest_port}",
        "authority": str(system.folder / "aggregator" / "ca.pem"),
        "interval_seconds": 2,
        "hosts": [{"certificate": certificate, "key": key, "token": token} for certificate, key in files],
    }
    description = system.folder / "demo.json"
    description.write_text(json.dumps(plan))
    return system.start(["-m", "sysmon_appliance.demo", str(description)], "demo")


@pytest.mark.fault
@pytest.mark.timeout(400)
def test_everything_is_rotated_under_load(system: System) -> None:
    """Through a rotation of the root and of the intermediate every host goes on delivering, and no tick is lost."""
    authority, operator = Authority(system), Operator(system.socket)
    system.write_aggregator_settings(ingest=authority.settings)
    authority.pki("init")
    authority.new_intermediate()
    system.start_aggregator(ingest=authority.settings)
    system.ready()
    hosts = [joined(system, operator, name) for name in ("one", "two")]
    simulate(system, operator.token("--uses", str(SIMULATED)))
    agents = [system.start(["-m", "sysmon_agent", *host.arguments("run")], host.folder.name) for host in hosts]
    eventually(lambda: sum(issuers(operator).values()) == SIMULATED + 2, "every host is enrolled")
    (first,) = issuers(operator)

    authority.pki("rotate", "--yes")
    authority.trust()
    renew_all(operator, hosts)
    authority.new_intermediate()
    renew_all(operator, hosts)
    eventually(lambda: first not in issuers(operator), "every host has a certificate of the new intermediate")
    authority.pki("retire", "--yes")
    authority.trust()
    renew_all(operator, hosts)

    (second,) = issuers(operator)
    assert second != first
    assert len(rotation(operator)["authority"]) == 1
    joined(system, operator, "three")
    before = stored_by_host(system)
    assert len(before) == SIMULATED + 2
    eventually(lambda: all(stored_by_host(system)[host] > ticks for host, ticks in before.items()), "all deliver")
    assert [agent.stop() for agent in agents] == [0, 0]
    for agent in agents:
        assert "refuses" not in agent.output()
    assert reasons(system) <= {"overrun", "agent_down"}  # the second is what simulated hosts say of a late tick


def joined(system: System, operator: Operator, name: str) -> Host:
    host = Host(system.folder / name, f"127.0.0.1:{system.ingest_port}")
    done = host.run("enroll", "--name", name, text=operator.token())
    assert done.returncode == 0, done.stderr
    return host


def renew_all(operator: Operator, hosts: list[Host]) -> None:
    """Take what lies on disk into use, and wait until all hosts have what follows from it.

    Agents take up to ten minutes for that, so that they do not come all at once; here their owner is impatient.
    """
    operator("certs", "rotate", "--agents")
    for host in hosts:
        done = host.run("renew")
        assert done.returncode == 0, done.stderr
    eventually(lambda: rotation(operator)["without_newest_root"] == 0, "every host knows the newest root")


def rotation(operator: Operator) -> dict[str, Any]:
    progress: dict[str, Any] = operator.listed("certs", "rotation")[0]
    return progress


def issuers(operator: Operator) -> dict[str, int]:
    """Count the hosts whose certificate is of each intermediate."""
    return {share["issuer"]: share["valid"] for share in rotation(operator)["by_issuer"]}


def stored_by_host(system: System) -> dict[str, int]:
    """Count stored ticks of each host that has delivered any."""
    hosts = system.get("/api/v1/ledger")["hosts"]
    return {host["id"]: sum(stream["stored"] for stream in host["streams"]) for host in hosts}


def reasons(system: System) -> set[str]:
    """Tell why ticks are missing."""
    streams = [stream for host in system.get("/api/v1/ledger")["hosts"] for stream in host["streams"]]
    return {reason for stream in streams for reason in stream["by_reason"]}
