"""New certificates for a host that has one, from a real region."""

import contextlib
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import AnswerError, EnrolmentError, IdentityError, TransportError, WaitingError
from sysmon_agent.identity import pending_key, read
from sysmon_agent.wire.peer import AGGREGATOR, Peer
from sysmon_appliance.pki.certificates import Material, certify
from sysmon_appliance.pki.files import save_pair
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE, INTERMEDIATE_PROFILE
from sysmon_appliance.pki.requests import intermediate_request, requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment
from tests.support.authority import IssuedFiles
from tests.support.clock import ManualClock
from tests.support.disks import fill, small_disk
from tests.support.joining_host import Joining
from tests.support.region import OPERATOR, Region
from tests.support.tls_server import read_request, tls_server

DAY_SECONDS = 86_400
LIFE_SECONDS = 2 * DAY_SECONDS


@pytest.fixture
def host(region: Region, tmp_path: Path) -> Joining:
    """A host that is enrolled."""
    host = Joining(tmp_path / "host")
    host.enroll(region.token())
    return host


def test_a_renewal_keeps_key_and_host(region: Region, host: Joining) -> None:
    """A renewed certificate has another serial, and is of the same host and key."""
    before, key = host.certificate, Path(host.tls.key).read_bytes()
    host.renewal([region.address]).renew()
    assert host.certificate.peer == before.peer
    assert host.certificate.serial != before.serial
    assert Path(host.tls.key).read_bytes() == key


def test_an_expired_certificate_is_renewed_by_its_key(region: Region, host: Joining) -> None:
    """After a weekend without power the key alone gets the next certificate, over the route for strangers."""
    before = read(host.tls.certificate)
    host.clock = ManualClock(wall_ms=before.expires_ms + 3 * DAY_SECONDS * 1000)
    region.listener.clock.advance(LIFE_SECONDS + 3 * DAY_SECONDS)
    with pytest.raises(IdentityError, match="expired at"):
        _ = host.certificate
    host.renewal([region.address]).renew()
    assert read(host.tls.certificate).serial != before.serial


def test_the_aggregators_clock_decides_what_has_expired(region: Region, host: Joining) -> None:
    """A host whose clock is behind believes in its certificate; when the aggregator does not, the key still counts."""
    region.listener.clock.advance(LIFE_SECONDS + 60)
    before = host.certificate
    host.renewal([region.address]).renew()
    assert read(host.tls.certificate).serial != before.serial


def test_a_revoked_host_gets_nothing(region: Region, host: Joining) -> None:
    """A host that was shut out cannot renew, whatever it tries, and its files stay as they are."""
    before = Path(host.tls.certificate).read_bytes()
    region.do(region.listener.identity.revocation.revoke_host(host.certificate.peer.id, "web-01", "stolen", OPERATOR))
    with pytest.raises(AnswerError) as caught:
        host.renewal([region.address]).renew()
    assert (caught.value.code, caught.value.exit_code) == ("certificate_revoked", 4)
    assert Path(host.tls.certificate).read_bytes() == before


def test_a_lost_key_is_named(region: Region, host: Joining) -> None:
    """Without its key a certificate is worth nothing, and the file that is missing is named."""
    Path(host.tls.key).unlink()
    with pytest.raises(IdentityError, match=r"agent-key\.pem cannot be read"):
        host.renewal([region.address]).renew()


def test_a_lost_authority_is_named(region: Region, host: Joining) -> None:
    """Without the authority nobody is trusted, and the file that is missing is named."""
    Path(host.tls.authority).unlink()
    with pytest.raises(IdentityError, match=r"ca\.pem cannot be read"):
        host.renewal([region.address]).renew()


def test_nobody_there_leaves_everything_as_it_is(host: Joining) -> None:
    """A renewal that reaches nobody changes nothing."""
    before = host.certificate
    with pytest.raises(TransportError):
        host.renewal(["127.0.0.1:1"]).renew()
    assert host.certificate == before


@pytest.mark.fault
def test_a_full_disk_costs_no_certificate(region: Region, tmp_path: Path) -> None:
    """Where a certificate could not be kept none is asked for, and as soon as there is room the host renews."""
    with small_disk(tmp_path / "host", 1 << 20) as folder:
        host = Joining(folder)
        host_id = host.enroll(region.token()).host_id
        ballast = fill(folder)
        for _ in range(3):
            with pytest.raises(EnrolmentError, match="No space left on device"):
                host.renewal([region.address]).renew()
        assert len(region.listener.identity.identities.of_host(host_id)) == 1
        ballast.unlink()
        host.renewal([region.address]).renew()
        assert len(region.listener.identity.identities.of_host(host_id)) == 2


def test_a_copy_gets_an_identity_of_its_own(region: Region, host: Joining) -> None:
    """A copied host asks with a new key, waits for an operator, and becomes another host; the original stays."""
    original = host.certificate
    renewal = host.renewal([region.address])
    for _ in range(2):  # asking again is the same request
        with pytest.raises(WaitingError) as caught:
            renewal.reenroll("web-02")
        assert caught.value.hint == f"sysmon enrolments approve {region.waiting().id}"
    assert host.certificate == original
    region.approve()
    grant = renewal.reenroll("web-02")
    assert grant.host_id != original.peer.id
    assert host.certificate.peer.id == grant.host_id
    assert region.hosts() == {original.peer.id, grant.host_id}
    assert not Path(pending_key(host.tls.key)).exists()


def aggregator_elsewhere(root: RootFolder, folder: Path) -> IssuedFiles:
    """Certify an aggregator of another region, whose root is the same."""
    now, key, own_key = moment(SystemClock()), new_key(), new_key()
    _, peer = requested_intermediate(intermediate_request(key, "elsewhere", "agg1"))
    intermediate = Material(root.sign(key.public_key(), peer, profile=INTERMEDIATE_PROFILE, now=now), key)
    aggregator = Peer("elsewhere", AGGREGATOR, "agg1")
    leaf = certify(intermediate, own_key.public_key(), aggregator, profile=AGGREGATOR_PROFILE, now=now)
    issued = IssuedFiles(folder / "aggregator.pem", folder / "aggregator-key.pem", root.authority)
    save_pair(Material(leaf, own_key, (intermediate.certificate,)), issued.certificate, issued.key, None)
    return issued


@pytest.mark.parametrize("way", ["over the certificate", "by the key alone", "as a copy"])
def test_an_aggregator_of_another_region_is_asked_for_nothing(
    region: Region, host: Joining, tmp_path: Path, way: str
) -> None:
    """Who answers for another region might hand out another authority: it is told nothing, and the next is asked."""
    heard: list[bytes] = []
    if way == "by the key alone":
        host.clock = ManualClock(wall_ms=read(host.tls.certificate).expires_ms + 1000)
    issued = aggregator_elsewhere(RootFolder(tmp_path / "region" / "pki"), tmp_path / "elsewhere")
    with tls_server(issued, lambda stream: heard.append(read_request(stream))) as address:
        alone, both = host.renewal([address]), host.renewal([address, region.address])
        with pytest.raises(IdentityError, match="this host is of region local"):
            alone.reenroll("web-02") if way == "as a copy" else alone.renew()
        with pytest.raises(WaitingError) if way == "as a copy" else contextlib.nullcontext():
            both.reenroll("web-02") if way == "as a copy" else both.renew()
    assert not heard
