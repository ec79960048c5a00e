"""What operators decide about hosts takes effect on agents that run."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.pki.certificates import certify, pem_of
from sysmon_appliance.pki.profiles import AGENT_PROFILE
from sysmon_appliance.pki.times import moment
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock
from tests.support.joining_commands import Host
from tests.support.operators import Operator
from tests.support.system import Program, System, eventually, system_in

DAY_MS = 86_400_000
QUICK = {"SYSMON_UPLINK__BACKOFF_SECONDS": "1"}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    month_ago = ManualClock(wall_ms=SystemClock().wall_ms() - 30 * DAY_MS)
    LocalAuthority.open(tmp_path / "pki", month_ago)  # certificates may have expired since
    with system_in(tmp_path) as running:
        running.start_aggregator()
        running.ready()
        yield running


@pytest.fixture
def operator(system: System) -> Operator:
    return Operator(system.socket)


@pytest.fixture
def host(system: System, operator: Operator) -> Host:
    """A host that is enrolled."""
    host = Host(system.folder / "host", f"127.0.0.1:{system.ingest_port}")
    joined = host.run("enroll", text=operator.token())
    assert joined.returncode == 0, joined.stderr
    return host


def started(system: System, host: Host) -> Program:
    return system.start(["-m", "sysmon_agent", *host.arguments("run")], host.folder.name, QUICK)


def newest_certificate(operator: Operator) -> dict[str, str]:
    newest: dict[str, str] = operator.listed("certs", "list")[0]
    return newest


def test_revocation_reaches_an_open_connection(system: System, operator: Operator, host: Host) -> None:
    """A host that is revoked while it is connected delivers nothing more, and its agent says why."""
    host_id = newest_certificate(operator)["subject"]
    agent = started(system, host)
    system.holds(2, host_id)
    operator("hosts", "revoke", host_id, "--reason", "sold", "--yes")
    stored = system.stored(host_id)
    agent.says("certificate_revoked")
    assert system.stored(host_id) == stored
    assert newest_certificate(operator)["state"] == "revoked"
    (entry,) = operator.listed("audit", "list", "--action", "host.revoke")
    assert (entry["target"], entry["after"]["reason"]) == (host_id, "sold")


def test_revocation_wins_against_renewal(operator: Operator, host: Host) -> None:
    """Whatever two admins revoke while an agent renews: both are told that it is done, and no certificate is left."""
    serial = newest_certificate(operator)["serial"]
    with ThreadPoolExecutor(4) as people:
        revoked = [people.submit(operator, "certs", "revoke", serial, "--yes") for _ in range(2)]
        renewed = [people.submit(host.run, "renew") for _ in range(2)]
    assert all("is shut out." in done.result() for done in revoked)
    refused = [done.result().stderr for done in renewed if done.result().returncode]
    assert all("certificate_revoked" in words for words in refused), refused
    assert {one["state"] for one in operator.listed("certs", "list")} == {"revoked"}
    assert "certificate_revoked" in host.run("renew").stderr


@pytest.mark.timeout(300)
def test_copied_host_gets_an_identity_of_its_own(system: System, operator: Operator, host: Host) -> None:
    """A copy of a host's folder is found out, waits until it is approved, and then delivers as a host of its own."""
    original = newest_certificate(operator)["subject"]
    copy = Host(system.folder / "copy", host.aggregator)
    shutil.copytree(host.pki, copy.pki)
    agents = [started(system, host), started(system, copy)]
    waiting = operator.waiting()
    assert (waiting["reason"], waiting["replaces"]["id"]) == ("clone", original)
    operator("enrolments", "approve", waiting["id"])
    second = eventually(lambda: host_of(operator, waiting["id"]), "the copy is let in", 100)
    assert second != original
    system.holds(2, second)
    system.holds(system.stored(original) + 2, original)
    assert all(agent.running for agent in agents)


def test_rejected_copy_stays_out(system: System, operator: Operator, host: Host) -> None:
    """A copy that an operator rejects gets no identity, and the original goes on."""
    original = newest_certificate(operator)["subject"]
    copy = Host(system.folder / "copy", host.aggregator)
    shutil.copytree(host.pki, copy.pki)
    started(system, host)
    started(system, copy)
    operator("enrolments", "reject", operator.waiting()["id"])
    system.holds(system.stored(original) + 2, original)
    assert {one["subject"] for one in operator.listed("certs", "list")} == {original}


def test_agent_comes_back_after_a_weekend(system: System, operator: Operator, host: Host) -> None:
    """A host whose certificate expired days ago renews it by the proof of its key, and no tick is lost."""
    host_id = newest_certificate(operator)["subject"]
    expire(system, host, host_id)
    agent = started(system, host)
    system.holds(3, host_id)
    assert agent.stop() == 0
    (stream,) = system.get("/api/v1/ledger")["hosts"][0]["streams"]
    assert set(stream["by_reason"]) <= {"overrun"}
    assert newest_certificate(operator)["state"] == "valid"


def test_bound_token_continues_a_history(system: System, operator: Operator, host: Host) -> None:
    """A machine that was installed anew takes the place of the host that its token names, and the old key is out."""
    host_id = newest_certificate(operator)["subject"]
    started(system, host)
    system.holds(1, host_id)
    again = Host(system.folder / "again", host.aggregator)
    token = operator.token("--replace", host_id)
    assert again.run("enroll", text=token).returncode == 0
    started(system, again)
    system.holds(system.stored(host_id) + 2, host_id)
    assert "certificate_revoked" in host.run("renew").stderr


def host_of(operator: Operator, enrolment: str) -> str:
    """Return the id of the host that a request to join has become; empty where it has not yet."""
    (found,) = (one for one in operator.listed("enrolments", "list") if one["id"] == enrolment)
    return found["host"]["id"] if found["host"] else ""


def expire(system: System, host: Host, host_id: str) -> None:
    """Give a host the certificate that it would have had four days ago."""
    key = load_pem_private_key(host.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = system.authority.issuer
    then = moment(ManualClock(wall_ms=SystemClock().wall_ms() - 4 * DAY_MS))
    peer = Peer(issuer.peer.region, AGENT, host_id)
    certificate = certify(issuer.material, key.public_key(), peer, profile=AGENT_PROFILE, now=then)
    host.certificate.write_bytes(pem_of([certificate, issuer.material.certificate]))
