"""Which identities local mode asks for anew."""

from pathlib import Path

import pytest

from sysmon_agent.config.values import TlsSettings
from sysmon_appliance.local.joining import Trust, host_at
from sysmon_appliance.pki.keys import load_key, save_key
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST

DAY = 86_400
GRACE_DAYS = 30
LIFE_DAYS = 365


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def authority(tmp_path: Path, clock: ManualClock) -> LocalAuthority:
    return LocalAuthority.open(tmp_path / "pki", clock)


@pytest.fixture
def issued(authority: LocalAuthority) -> IssuedFiles:
    return authority.agent(HOST)


@pytest.fixture
def trust(authority: LocalAuthority, clock: ManualClock) -> Trust:
    return Trust(authority.issuer, clock, grace_seconds=GRACE_DAYS * DAY)


def tls(issued: IssuedFiles) -> TlsSettings:
    return TlsSettings(**issued.settings())


def test_a_good_identity_is_kept(trust: Trust, issued: IssuedFiles) -> None:
    """An identity of this machine's authority is used again."""
    assert trust.renews(tls(issued))


def test_an_identity_that_expired_lately_is_renewed(trust: Trust, issued: IssuedFiles, clock: ManualClock) -> None:
    """A certificate that has expired is left to its owner for as long as it can be renewed, and no longer."""
    clock.advance((LIFE_DAYS + GRACE_DAYS - 1) * DAY)
    assert trust.renews(tls(issued))
    clock.advance(2 * DAY)
    assert not trust.renews(tls(issued))


@pytest.mark.parametrize("name", ["certificate", "key", "authority"])
def test_an_identity_without_one_of_its_files_is_none(trust: Trust, issued: IssuedFiles, name: str) -> None:
    """Certificate, key and authority are an identity only together."""
    Path(issued.settings()[name]).unlink()
    assert not trust.renews(tls(issued))


def test_a_damaged_certificate_is_none(trust: Trust, issued: IssuedFiles) -> None:
    """A file that holds no certificate is an identity to be asked for."""
    issued.certificate.write_text("damaged")
    assert not trust.renews(tls(issued))
    assert not host_at(issued.certificate)


def test_a_key_of_another_host_makes_no_identity(trust: Trust, issued: IssuedFiles, authority: LocalAuthority) -> None:
    """A certificate beside the key of another one is an identity to be asked for."""
    authority.agent("cd" * 16).key.replace(issued.key)
    assert not trust.renews(tls(issued))


def test_a_sealed_key_is_believed(trust: Trust, issued: IssuedFiles) -> None:
    """A sealed key is its agent's to open: local mode keeps the identity."""
    save_key(issued.key, load_key(issued.key, None), b"a long passphrase")
    assert trust.renews(tls(issued))


def test_what_another_authority_has_signed_is_asked_for_anew(tmp_path: Path, trust: Trust, clock: ManualClock) -> None:
    """After the authority was replaced, what the former one has signed is no identity, and still says whose it was."""
    stranger = LocalAuthority.open(tmp_path / "former", clock).agent(HOST)
    assert not trust.renews(tls(stranger))
    assert host_at(stranger.certificate) == HOST
