"""An intermediate comes into an aggregator's folder, and no crash leaves it without its key."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError, IdentityError, SysmonError
from sysmon_appliance.errors import BadCsrError
from sysmon_appliance.pki import issuer_files
from sysmon_appliance.pki.certificates import pem_of
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import new_key, save_key
from sysmon_appliance.pki.profiles import INTERMEDIATE_PROFILE
from sysmon_appliance.pki.requests import intermediate_request, requested_intermediate
from sysmon_appliance.pki.times import moment
from tests.support.clock import ManualClock
from tests.support.pki import REGION, PowerCutError, Station, csr, replacing_until_power_cut, station, tree

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def made(tmp_path: Path, clock: ManualClock) -> Station:
    return station(tmp_path, clock)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_asking_again_gives_the_same_key(tmp_path: Path) -> None:
    """A request that was lost is made again for the same waiting key, which lies in a private file."""
    files = IssuerFiles(tmp_path / "pki")
    keys = [requested_intermediate(files.request(REGION, "agg1"))[0] for _ in range(2)]
    assert keys[0] == keys[1]
    assert stat.S_IMODE(files.pending_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_request_says_whose_it_is(tmp_path: Path) -> None:
    """A request carries region and name, for the person who is to sign it."""
    _, peer = requested_intermediate(IssuerFiles(tmp_path / "pki").request(REGION, "agg1"))
    assert (peer.region, peer.id) == (REGION, "agg1")


@pytest.mark.parametrize(("region", "name"), [("", "a"), ("e u", "a"), ("eu/agent", "a"), ("eu", "a/b"), ("eu", "ä")])
def test_a_name_that_no_identity_can_carry_is_refused(tmp_path: Path, region: str, name: str) -> None:
    """A region or name that would change the meaning of an identity is refused."""
    with pytest.raises(ConfigError):
        IssuerFiles(tmp_path / "pki").request(region, name)


@pytest.mark.parametrize("request_", [b"garbage", csr(new_key())])
def test_what_is_no_request_for_an_intermediate_is_refused(request_: bytes) -> None:
    """The root is asked to sign nothing but intermediates that say whose they are."""
    with pytest.raises(BadCsrError):
        requested_intermediate(request_)


def test_an_installed_intermediate_is_used(made: Station) -> None:
    """After its installation an intermediate has its key in place, and no request waits."""
    material = made.files.load()
    assert material is not None
    assert material.key.public_key() == material.certificate.public_key()
    assert not made.files.pending_key.exists()
    assert made.files.roots() == made.root.roots()


def test_a_folder_without_an_intermediate_has_none(tmp_path: Path) -> None:
    """Where no intermediate was installed there is none, even while a request waits."""
    files = IssuerFiles(tmp_path / "pki")
    files.request(REGION, "agg1")
    assert files.load() is None


def of_another_key(made: Station) -> bytes:
    """Have the root sign an intermediate whose key is not here."""
    key, peer = requested_intermediate(intermediate_request(new_key(), REGION, "agg1"))
    return pem_of([made.root.sign(key, peer, profile=INTERMEDIATE_PROFILE, now=moment(made.clock))])


def of_another_region(made: Station) -> bytes:
    key, peer = requested_intermediate(made.files.request("us", "agg1"))
    return pem_of([made.root.sign(key, peer, profile=INTERMEDIATE_PROFILE, now=moment(made.clock))])


def of_a_foreign_root(made: Station) -> bytes:
    made.files.request(REGION, "agg1")
    return pem_of([tree(made.clock).intermediate().certificate])


OFFERED: dict[str, tuple[Callable[[Station], bytes], str]] = {
    "garbage": (lambda _: b"garbage", "no certificate"),
    "another key": (of_another_key, "No key"),
    "another region": (of_another_region, "region us"),
    "a foreign root": (of_a_foreign_root, "none of the trusted roots"),
    "a root": (lambda made: made.root.authority.read_bytes(), "no issuing intermediate"),
}


@pytest.mark.parametrize("what", OFFERED)
def test_what_cannot_be_used_is_not_installed(made: Station, what: str) -> None:
    """A certificate of another key, region or root is refused, and the folder stays as it was."""
    offer, reason = OFFERED[what]
    offered, before = offer(made), contents(made.files.folder)
    with pytest.raises(IdentityError, match=reason) as caught:
        made.install(offered)
    assert caught.value.hint
    assert contents(made.files.folder) == before


@pytest.mark.parametrize(("days", "said"), [(-2, "not valid before"), (366, "has expired")])
def test_a_wrong_clock_is_told(made: Station, clock: ManualClock, days: int, said: str) -> None:
    """An intermediate that is not valid now is refused with both times, since either clock may be wrong."""
    certificate = made.signed()
    clock.advance(days * DAY)
    with pytest.raises(IdentityError, match=rf"{said} .* this machine's clock says 20") as caught:
        made.install(certificate)
    assert caught.value.hint == "timedatectl status"


@pytest.mark.parametrize("steps", range(4))
def test_a_crash_while_installing_leaves_a_working_pair(
    made: Station, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Wherever a crash ends an installation under a new root, the folder opens, with the old pair or the new one."""
    made.root.rotate("test", moment(made.clock))
    certificate = made.signed()
    monkeypatch.setattr(issuer_files, "replace_file", replacing_until_power_cut(steps))
    if steps < 3:
        with pytest.raises(PowerCutError):
            made.install(certificate)
    else:
        made.install(certificate)
    monkeypatch.undo()
    installed = pem_of([made.issuer.material.certificate])
    assert (installed == certificate) is (steps >= 2)
    made.install(certificate)
    assert pem_of([made.issuer.material.certificate]) == certificate


def test_a_crash_before_the_key_has_its_place_is_mended(made: Station) -> None:
    """A new intermediate whose key still waits is used with it, and the key gets its place."""
    certificate = made.signed()
    made.files.intermediate.write_bytes(certificate)
    assert made.issuer.material.chain == certificate
    assert not made.files.pending_key.exists()
    assert made.issuer.material.chain == certificate


def test_a_lost_key_is_told(made: Station) -> None:
    """An intermediate whose key file is lost stops the start, and the hint is how to get another one."""
    made.files.key.unlink()
    with pytest.raises(IdentityError, match="No key") as caught:
        _ = made.issuer
    assert caught.value.hint == "sysmon-aggregator pki request"


def test_a_key_of_another_pair_is_told(made: Station) -> None:
    """An intermediate and a key that do not belong together are refused."""
    save_key(made.files.key, new_key(), None)
    with pytest.raises(IdentityError, match="No key"):
        _ = made.issuer


def test_sealed_keys_open_with_their_passphrase_alone(tmp_path: Path, clock: ManualClock) -> None:
    """Keys that are sealed open with the passphrase, and not with another one or none."""
    made = station(tmp_path, clock, passphrase=b"a long enough passphrase")
    assert b"ENCRYPTED" in made.files.key.read_bytes()
    assert made.issuer.name
    for wrong, reason in ((b"another passphrase", "another passphrase"), (None, "no passphrase was given")):
        with pytest.raises(IdentityError, match=reason):
            IssuerFiles(made.files.folder, passphrase=wrong).load()


def test_only_roots_that_carry_the_intermediate_are_trusted(made: Station, clock: ManualClock) -> None:
    """Roots are not replaced by ones that would leave the aggregator without trust."""
    before = made.files.authority.read_bytes()
    with pytest.raises(IdentityError, match="none of the trusted roots"):
        made.files.trust(pem_of([tree(clock).root.certificate]))
    with pytest.raises(SysmonError):
        made.files.trust(b"garbage")
    assert made.files.authority.read_bytes() == before


def test_a_root_is_replaced_side_by_side(made: Station) -> None:
    """A whole rotation: both roots trusted, a new intermediate under the new one, the old one gone; always usable."""
    made.root.rotate("test", moment(made.clock))
    made.files.trust(made.root.authority.read_bytes())
    assert len(made.issuer.roots) == 2
    made.install(made.signed())
    assert made.issuer.fingerprints[0] != made.issuer.fingerprints[1]
    made.root.retire()
    made.files.trust(made.root.authority.read_bytes())
    assert len(made.issuer.roots) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root gives files away.")
def test_what_root_installs_is_the_aggregators(made: Station) -> None:
    """What root installs is the folder's owner's, as whom the aggregator runs, who could else not read it."""
    os.chown(made.files.folder, 12_345, 12_345)
    made.install(made.signed())
    written = (made.files.intermediate, made.files.key, made.files.authority)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in written} == {(12_345, 12_345)}
