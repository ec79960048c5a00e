"""The agent's own certificate: every way in which it can be unusable has its sentence."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError
from sysmon_agent.identity import load, moment, moment_ms, pending_key
from tests.support.authority import IssuedFiles, LocalAuthority
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
    known = load(tls, SystemClock()).certificate
    assert (known.peer.id, known.peer.role) == (HOST, "agent")
    assert known.begins_ms < SystemClock().wall_ms() < known.renew_at_ms < known.expires_ms
    assert int(known.serial, 16)
    assert known.issuer


@pytest.mark.parametrize("field", ["certificate", "key", "authority"])
def test_a_missing_file_is_named(tls: TlsSettings, tmp_path: Path, field: str) -> None:
    """A file that is not there is named, with the reason."""
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(IdentityError, match=r"missing\.pem cannot be read \(No such file or directory\)"):
        load(replace(tls, **{field: missing}), SystemClock())


def test_a_key_that_others_may_read_is_refused(tls: TlsSettings) -> None:
    """A key with too wide a mode is not used, and the hint is the command that helps."""
    Path(tls.key).chmod(0o640)
    with pytest.raises(IdentityError, match="Others may read") as caught:
        load(tls, SystemClock())
    assert caught.value.hint == f"chmod 600 {tls.key}"


def test_a_key_of_another_certificate_is_refused(tls: TlsSettings, authority: LocalAuthority) -> None:
    """Certificate and key must belong together."""
    other = settings_of(authority.agent("f" * 32))
    with pytest.raises(IdentityError, match="does not belong to the certificate"):
        load(replace(tls, key=other.key), SystemClock())


def test_an_expired_certificate_is_said_to_be(tls: TlsSettings) -> None:
    """An expired certificate is an error that gives its date, the clock's, and the command that renews it."""
    late = SystemClock().wall_ms() + int(timedelta(days=365 * 30).total_seconds() * 1000)
    with pytest.raises(IdentityError, match=r"expired at .* UTC; this host's clock says") as caught:
        load(tls, ManualClock(wall_ms=late))
    assert caught.value.hint == "sysmon-agent renew"


def test_a_certificate_of_the_future_blames_the_clock(tls: TlsSettings) -> None:
    """A certificate that is not valid yet means a clock that is wrong, and the hint is to look at it."""
    early = SystemClock().wall_ms() - int(timedelta(days=3).total_seconds() * 1000)
    with pytest.raises(IdentityError, match="is not valid before") as caught:
        load(tls, ManualClock(wall_ms=early))
    assert caught.value.hint == "timedatectl status"


def test_the_time_of_renewal_may_stand_before_the_certificate(tls: TlsSettings) -> None:
    """What the aggregator said about renewal is kept in the certificate's file, and does not disturb its readers."""
    path = Path(tls.certificate)
    issued, now_ms = path.read_text(), SystemClock().wall_ms()
    path.write_text(f"renew-at-ms: {now_ms}\n{issued}")
    assert load(tls, SystemClock()).certificate.renew_at_ms == now_ms
    for nonsense in ("1", "soon", "9" * 40):
        path.write_text(f"renew-at-ms: {nonsense}\n{issued}")
        certificate = load(tls, SystemClock()).certificate
        assert now_ms < certificate.renew_at_ms < certificate.expires_ms


def encrypt(path: str, password: bytes) -> None:
    key = load_pem_private_key(Path(path).read_bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    Path(path).write_bytes(sealed)


def test_an_encrypted_key_is_opened_with_the_passphrase_of_a_file(tls: TlsSettings, tmp_path: Path) -> None:
    """An encrypted key is used with the passphrase in the file that the settings name."""
    encrypt(tls.key, b"correct horse")
    named = tmp_path / "passphrase"
    named.touch(mode=0o600)
    named.write_text("correct horse\n")
    assert load(replace(tls, key_passphrase_file=str(named)), SystemClock()).certificate.peer.id == HOST
    named.write_text("wrong horse\n")
    with pytest.raises(IdentityError, match="The passphrase does not open"):
        load(replace(tls, key_passphrase_file=str(named)), SystemClock())
    named.write_text("\n")
    with pytest.raises(IdentityError, match="holds no passphrase"):
        load(replace(tls, key_passphrase_file=str(named)), SystemClock())


def test_an_encrypted_key_is_opened_with_the_seal_key(tls: TlsSettings) -> None:
    """Without a passphrase of its own an encrypted key is opened with the seal key; nobody is asked at a terminal."""
    encrypt(tls.key, b"k" * 32)
    assert load(tls, SystemClock(), seal_key=b"k" * 32).certificate.peer.id == HOST
    with pytest.raises(IdentityError, match="No passphrase was given"):
        load(tls, SystemClock())


def test_an_interrupted_replacement_is_finished(tls: TlsSettings, authority: LocalAuthority) -> None:
    """Where a certificate was replaced and its key not yet, the new key is found and put in its place."""
    other = settings_of(authority.agent("f" * 32))
    Path(tls.certificate).write_bytes(Path(other.certificate).read_bytes())
    shutil.copy(other.key, pending_key(tls.key))
    assert load(tls, SystemClock()).certificate.peer.id == "f" * 32
    assert not Path(pending_key(tls.key)).exists()


def test_a_key_that_waits_for_its_certificate_disturbs_nothing(tls: TlsSettings, authority: LocalAuthority) -> None:
    """While a new key waits for its certificate, the old pair is used."""
    shutil.copy(authority.agent("f" * 32).key, pending_key(tls.key))
    assert load(tls, SystemClock()).certificate.peer.id == HOST
    assert Path(pending_key(tls.key)).exists()


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


def test_times_are_written_for_people() -> None:
    """Moments in messages are to the minute, and say their time zone."""
    assert moment(0) == "1970-01-01 00:00 UTC"


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - hypothesis wants them naive
def test_times_in_certificates_are_read(moment: datetime) -> None:
    """A certificate's end is understood in any year."""
    exact = moment.replace(microsecond=0, tzinfo=UTC)
    assert moment_ms(f"{exact:%b %e %H:%M:%S %Y} GMT") == int(exact.timestamp()) * 1000
