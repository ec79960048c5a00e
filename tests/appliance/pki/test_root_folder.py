"""The operator's root: made once, replaced with care."""

import stat
from pathlib import Path

import pytest

from sysmon_agent.errors import IdentityError
from sysmon_appliance.errors import AuthorityExistsError
from sysmon_appliance.pki import keys, root_folder
from sysmon_appliance.pki.certificates import is_issued_by
from sysmon_appliance.pki.chains import check_intermediate
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.profiles import INTERMEDIATE_PROFILE
from sysmon_appliance.pki.requests import intermediate_request, requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment
from tests.support.clock import ManualClock
from tests.support.pki import REGION, PowerCutError, replacing_until_power_cut

DAY = 86_400
NOW = moment(ManualClock())
KEY, PEER = requested_intermediate(intermediate_request(new_key(), REGION, "agg1"))


@pytest.fixture
def root(tmp_path: Path) -> RootFolder:
    folder = RootFolder(tmp_path / "root")
    folder.make("test", NOW)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_root_is_private(root: RootFolder) -> None:
    """The root's folder and files are readable by their owner alone."""
    assert stat.S_IMODE(root.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.folder.iterdir()} == {0o600}


@pytest.mark.parametrize("lost", ["root-key.pem", "ca.pem", None])
def test_a_root_is_never_overwritten(root: RootFolder, lost: str | None) -> None:
    """Where a root is, or a part of one, none is made, and nothing is touched."""
    if lost is not None:
        (root.folder / lost).unlink()
    before = contents(root.folder)
    with pytest.raises(AuthorityExistsError):
        root.make("test", NOW)
    assert contents(root.folder) == before


def test_a_root_signs_intermediates(root: RootFolder) -> None:
    """What the root signs leads to it, is the aggregator's that asked, and ends no later than the root."""
    certificate = root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW)
    assert check_intermediate(certificate, root.roots()) == PEER
    clock = ManualClock()
    clock.advance(3600 * DAY)
    late = root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=moment(clock))
    assert late.not_valid_after_utc == root.roots()[0].not_valid_after_utc


def test_an_expired_root_signs_nothing(root: RootFolder) -> None:
    """A root that has expired says so, with the time that this machine believes it is."""
    clock = ManualClock()
    clock.advance(3651 * DAY)
    with pytest.raises(IdentityError, match=r"expired .* clock says"):
        root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=moment(clock))


def test_a_sealed_root_needs_its_passphrase(tmp_path: Path) -> None:
    """A sealed root signs with its passphrase, and neither with another one nor without."""
    sealed = RootFolder(tmp_path / "root", passphrase=b"a long enough passphrase")
    sealed.make("test", NOW)
    assert sealed.is_sealed
    assert sealed.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW).serial_number
    for wrong, reason in ((b"another passphrase", "another passphrase"), (None, "no passphrase")):
        with pytest.raises(IdentityError, match=reason):
            RootFolder(tmp_path / "root", passphrase=wrong).sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW)


def test_two_roots_are_trusted_side_by_side(root: RootFolder) -> None:
    """After a rotation both roots are trusted, the newest first; either can sign until the old one is retired."""
    (old,) = root.roots()
    new = root.rotate("test", NOW).certificate
    assert root.roots() == (new, old)
    assert is_issued_by(root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW), new)
    assert is_issued_by(root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW, old=True), old)
    assert root.retire() == (old,)
    assert root.roots() == (new,)
    with pytest.raises(IdentityError, match="lost"):
        root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW, old=True)


def test_a_rotation_ends_before_the_next_begins(root: RootFolder) -> None:
    """A third root is not made while the first is still trusted."""
    root.rotate("test", NOW)
    before = contents(root.folder)
    with pytest.raises(AuthorityExistsError, match="still trusted"):
        root.rotate("test", NOW)
    assert contents(root.folder) == before


@pytest.mark.parametrize("steps", range(3))
def test_a_crash_while_rotating_leaves_a_root_that_signs(
    root: RootFolder, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Wherever a crash ends a rotation, a trusted root signs, and the old one is among the trusted."""
    (old,) = root.roots()
    replacing = replacing_until_power_cut(steps)
    for module in (root_folder, keys):
        monkeypatch.setattr(module, "replace_file", replacing)
    with pytest.raises(PowerCutError):
        root.rotate("test", NOW)
    monkeypatch.undo()
    certificate = root.sign(KEY, PEER, profile=INTERMEDIATE_PROFILE, now=NOW)
    assert check_intermediate(certificate, root.roots()) == PEER
    assert old in root.roots()
    root.retire()
    assert check_intermediate(certificate, root.roots()) == PEER
