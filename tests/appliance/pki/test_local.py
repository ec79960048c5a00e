"""Local mode's authority is an operator's root and an aggregator's intermediate in one folder."""

import shutil
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from sysmon_agent.errors import IdentityError
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST

DAY = 86_400


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.pem")}


def leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def not_after(path: Path) -> float:
    return leaf(path).not_valid_after_utc.timestamp()


def test_identity_is_in_the_uri(tmp_path: Path) -> None:
    """A certificate names region, role and id in its URI, and an aggregator's also names the local machine."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    names = leaf(authority.agent(HOST).certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [name.value for name in names.value] == [f"spiffe://sysmon/local/agent/{HOST}"]
    names = leaf(authority.aggregator().certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(name.value) for name in names.value] == [
        "spiffe://sysmon/local/aggregator/local",
        "localhost",
        "127.0.0.1",
        "::1",
    ]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """Good material is used again, so a second start changes no file."""
    clock = ManualClock()
    for _ in range(2):
        authority = LocalAuthority.open(tmp_path / "pki", clock)
        authority.aggregator()
        authority.agent(HOST)
        before = contents(tmp_path)
        clock.advance(10 * DAY)
    authority = LocalAuthority.open(tmp_path / "pki", clock)
    authority.agent(HOST)
    assert contents(tmp_path) == before
    assert len(before) == 8


def test_files_are_private(tmp_path: Path) -> None:
    """Every file is readable by its owner only, and so is every folder."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    authority.aggregator()
    authority.agent(HOST)
    for path in (tmp_path / "pki").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_expired_authority_is_replaced_with_all_that_it_signed(tmp_path: Path) -> None:
    """After ten years a new authority is made, and it signs new certificates."""
    clock = ManualClock()
    LocalAuthority.open(tmp_path / "pki", clock).agent(HOST)
    before = contents(tmp_path)
    clock.advance(3651 * DAY)
    LocalAuthority.open(tmp_path / "pki", clock).agent(HOST)
    assert not set(before.values()) & set(contents(tmp_path).values())


def test_an_authority_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    """A folder whose authority signed agents itself gets a root and an intermediate, and new certificates."""
    folder = tmp_path / "pki"
    before = LocalAuthority.open(folder, ManualClock())
    before.agent(HOST)
    old = contents(folder)
    (folder / "root-key.pem").rename(folder / "ca-key.pem")
    for name in ("intermediate.pem", "intermediate-key.pem"):
        (folder / name).unlink()
    LocalAuthority.open(folder, ManualClock()).agent(HOST)
    assert not (folder / "ca-key.pem").exists()
    assert not set(old.values()) & set(contents(folder).values())


@pytest.mark.parametrize("left", [["ca.pem"], ["ca.pem", "aggregator.pem"], ["pending-key.pem"]])
def test_a_first_start_that_a_crash_cut_short_is_made_up_for(tmp_path: Path, left: list[str]) -> None:
    """What a crash has left of an authority that never signed anything is no reason to stop."""
    folder = tmp_path / "pki"
    LocalAuthority.open(folder, ManualClock()).aggregator()
    (folder / "pending-key.pem").write_text("cut sho")
    for file in folder.iterdir():
        if file.name not in left:
            file.unlink()
    LocalAuthority.open(folder, ManualClock()).aggregator()
    assert not (folder / "pending-key.pem").exists()


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    """A certificate made in the authority's last year ends with the authority."""
    clock = ManualClock()
    LocalAuthority.open(tmp_path / "pki", clock)
    clock.advance(3500 * DAY)
    authority = LocalAuthority.open(tmp_path / "pki", clock)
    assert not_after(authority.agent(HOST).certificate) == not_after(tmp_path / "pki" / "ca.pem")


@pytest.mark.parametrize("damage", ["cut", "missing key", "foreign key"])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, damage: str) -> None:
    """A pair of files that a crash or a hand has damaged is replaced, and works again."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    issued = authority.aggregator()
    match damage:
        case "cut":
            issued.certificate.write_bytes(issued.certificate.read_bytes()[:100])
        case "missing key":
            issued.key.unlink()
        case "foreign key":
            shutil.copy(authority.agent(HOST).key, issued.key)
    again = LocalAuthority.open(tmp_path / "pki", ManualClock()).aggregator()
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(again.certificate, again.key)  # raises unless they match


@pytest.mark.parametrize("file", ["ca.pem", "intermediate.pem", "intermediate-key.pem"])
def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path, file: str) -> None:
    """A damaged authority stops the start and says how to set it aside."""
    LocalAuthority.open(tmp_path / "pki", ManualClock())
    (tmp_path / "pki" / file).write_text("garbage")
    with pytest.raises(IdentityError) as caught:
        LocalAuthority.open(tmp_path / "pki", ManualClock())
    assert caught.value.hint == f"mv {tmp_path / 'pki'} {tmp_path / 'pki'}.broken"


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A file in the place of the folder is told as such."""
    (tmp_path / "pki").write_text("a file")
    with pytest.raises(IdentityError, match="cannot be used"):
        LocalAuthority.open(tmp_path / "pki", ManualClock())
