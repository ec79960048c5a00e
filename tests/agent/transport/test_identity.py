"""The agent's own certificate: every way in which it can be unusable has its sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError
from sysmon_agent.identity import load, moment_ms
from sysmon_appliance.pki import IssuedFiles, LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST


def settings_of(issued: IssuedFiles) -> TlsSettings:
    return TlsSettings(**issued.settings())


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority.open(tmp_path / "pki", SystemClock())


@pytest.fixture
def tls(authority: LocalAuthority) -> TlsSettings:
    return settings_of(authority.agent(HOST))


def test_an_identity_is_what_the_certificate_says(tls: TlsSettings) -> None:
    """The host id and the end of the certificate are read from it."""
    known = load(tls, SystemClock())
    assert (known.peer.id, known.peer.role) == (HOST, "agent")
    assert known.expires_ms > SystemClock().wall_ms()


@pytest.mark.parametrize("field", ["certificate", "key", "authority"])
def test_a_missing_file_is_named(tls: TlsSettings, tmp_path: Path, field: str) -> None:
    """A file that is not there is named, with the reason."""
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(IdentityError, match=r"missing\.pem cannot be read \(No such file or directory\)"):
        load(replace(tls, **{field: missing}), SystemClock())


def test_a_key_that_others_may_read_is_refused(tls: TlsSettings) -> None:
    """A key with too wide a mode is not used, and the hint is the command that helps."""
    Path(tls.key).chmod(0o640)
    with pytest.raises(IdentityError, match="Others may read the private key") as caught:
        load(tls, SystemClock())
    assert caught.value.hint == f"chmod 600 {tls.key}"


def test_a_key_of_another_certificate_is_refused(tls: TlsSettings, authority: LocalAuthority) -> None:
    """Certificate and key must belong together."""
    other = settings_of(authority.agent("f" * 32))
    with pytest.raises(IdentityError, match="does not belong to the certificate"):
        load(replace(tls, key=other.key), SystemClock())


def test_an_expired_certificate_is_said_to_be(tls: TlsSettings) -> None:
    """An expired certificate is an error that gives its date."""
    late = SystemClock().wall_ms() + int(timedelta(days=365 * 30).total_seconds() * 1000)
    with pytest.raises(IdentityError, match="expired at"):
        load(tls, ManualClock(wall_ms=late))


def test_an_aggregators_certificate_makes_no_agent(authority: LocalAuthority) -> None:
    """The role in the certificate must be an agent's."""
    with pytest.raises(IdentityError, match="which is no agent"):
        load(settings_of(authority.aggregator()), SystemClock())


@pytest.mark.parametrize("field", ["certificate", "authority"])
def test_a_file_that_is_no_certificate_is_named(tls: TlsSettings, tmp_path: Path, field: str) -> None:
    """A file of something else is named."""
    (tmp_path / "noise.pem").write_text("nothing")
    with pytest.raises(IdentityError, match=r"noise\.pem holds no certificate"):
        load(replace(tls, **{field: str(tmp_path / "noise.pem")}), SystemClock())


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - hypothesis wants them naive
def test_times_in_certificates_are_read(moment: datetime) -> None:
    """A certificate's end is understood in any year."""
    exact = moment.replace(microsecond=0, tzinfo=UTC)
    assert moment_ms(f"{exact:%b %e %H:%M:%S %Y} GMT") == int(exact.timestamp()) * 1000
