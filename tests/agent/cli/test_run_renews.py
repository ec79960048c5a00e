"""An agent that runs looks after its certificate: with the real programs against a real region."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sysmon_agent.clock import SystemClock
from sysmon_agent.enrolment.keys import Key, signing_request
from sysmon_agent.identity import Certificate, read
from sysmon_agent.wire.peer import AGENT, Peer
from tests.support.joining_commands import Host
from tests.support.region import OPERATOR, Region
from tests.support.system import eventually


@pytest.fixture
def enrolled(region: Region, host: Host) -> str:
    """The host is enrolled; returns its id."""
    assert host.run("enroll", "--token-file", "-", text=region.token()).returncode == 0
    (host_id,) = region.hosts()
    return host_id


def shorten(region: Region, host: Host, host_id: str, *, life_seconds: int, renew_seconds: int) -> Certificate:
    """Replace the host's certificate by one that is to be renewed, and expires, in so many seconds."""
    key = load_pem_private_key(host.key.read_bytes(), None)
    assert isinstance(key, Key)
    request = signing_request(key).encode()
    issuer = region.listener.authority.issuer
    issued = issuer.sign(request, Peer("local", AGENT, host_id), life_seconds=life_seconds)
    renew_at = SystemClock().wall_ms() + 1000 * renew_seconds
    host.certificate.write_text(f"renew-at-ms: {renew_at}\n{issued.chain}")
    return read(str(host.certificate))


def replaced(host: Host, before: Certificate) -> bool:
    return read(str(host.certificate)).serial != before.serial


@pytest.mark.fault
def test_a_certificate_is_renewed_without_a_pause(region: Region, host: Host, enrolled: str) -> None:
    """While ticks are delivered the certificate is renewed, and the connection with it: no tick is lost or doubled."""
    before = shorten(region, host, enrolled, life_seconds=40, renew_seconds=2)
    with host.start("run") as agent:
        eventually(lambda: replaced(host, before), "the certificate is renewed")
        delivered = region.delivered(enrolled)
        eventually(lambda: region.delivered(enrolled) >= delivered + 3, "ticks are delivered with the new one")
        agent.terminate()
        _, log = agent.communicate(timeout=60)
    (account,) = region.accounts(enrolled)
    assert (account.last, account.missing) == (account.stored, {})
    assert "The certificate was renewed." in log
    assert "Another certificate is in use." in log
    assert "Delivery waits." not in log


@pytest.mark.fault
def test_an_expired_certificate_comes_back_by_itself(region: Region, host: Host, enrolled: str) -> None:
    """An agent that starts with an expired certificate says so, renews it, and delivers what it collected meanwhile."""
    before = shorten(region, host, enrolled, life_seconds=1, renew_seconds=0)
    eventually(lambda: before.expires_ms < SystemClock().wall_ms(), "it has expired")
    with host.start("run") as agent:
        eventually(lambda: region.delivered(enrolled) >= 2, "ticks are delivered")
        agent.terminate()
        _, log = agent.communicate(timeout=60)
    assert replaced(host, before)
    assert "expired at" in log
    assert "Batches are delivered again." in log


@pytest.mark.fault
def test_a_copied_host_becomes_another(region: Region, host: Host, enrolled: str, tmp_path: Path) -> None:
    """A copy of a running host is noticed, waits for an operator, and then delivers under an identity of its own."""
    copy = Host(tmp_path / "copy", region.address)
    with host.start("run"):
        eventually(lambda: region.delivered(enrolled) >= 2, "the original delivers")
        copy.pki.mkdir(mode=0o700)
        for file in host.pki.iterdir():
            (copy.pki / file.name).write_bytes(file.read_bytes())
        copy.key.chmod(0o600)
        with copy.start("run"):
            region.approve()
            (new,) = eventually(lambda: region.hosts() - {enrolled}, "the copy is another host")
            eventually(lambda: region.delivered(new) >= 2, "the copy delivers")
            before = region.delivered(enrolled)
            eventually(lambda: region.delivered(enrolled) > before, "the original goes on")


@pytest.mark.fault
def test_a_revoked_host_is_told_and_keeps_its_ticks(region: Region, host: Host, enrolled: str) -> None:
    """An agent whose host was shut out says so once, and goes on collecting into its spool."""
    with host.start("run") as agent:
        eventually(lambda: region.delivered(enrolled), "it delivers")
        region.do(region.listener.identity.revocation.revoke_host(enrolled, "web-01", "stolen", OPERATOR))
        assert agent.stderr
        refused = next(line for line in agent.stderr if "Delivery waits." in line)
    assert "certificate_revoked" in refused


@pytest.mark.fault
def test_a_sealed_key_serves_every_program(region: Region, host: Host, tmp_path: Path) -> None:
    """With a seal key the private key is encrypted on disk, and enrolling, delivering and renewing all use it."""
    seal = tmp_path / "seal-key"
    seal.touch(mode=0o600)
    seal.write_text("k" * 64)
    host.environ["SYSMON_SEAL_KEY_FILE"] = str(seal)
    assert host.run("enroll", "--token-file", "-", text=region.token()).returncode == 0
    assert b"ENCRYPTED" in host.key.read_bytes()
    (host_id,) = region.hosts()
    before = read(str(host.certificate))
    with host.start("run"):
        eventually(lambda: region.delivered(host_id), "ticks are delivered")
    assert host.run("renew").returncode == 0
    assert replaced(host, before)
    host.environ.clear()
    refused = host.run("renew")
    assert refused.returncode == 4
    assert "encrypted with another passphrase" in refused.stderr
