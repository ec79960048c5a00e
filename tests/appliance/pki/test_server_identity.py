"""An aggregator makes its own certificate, and makes it anew when it is not good any more."""

import stat
from pathlib import Path

import pytest
from cryptography import x509

from sysmon_agent.errors import IdentityError
from sysmon_appliance.errors import NoIssuerError
from sysmon_appliance.pki.keys import new_key, save_key
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE
from sysmon_appliance.pki.server_identity import ServerFiles, ServerIdentity
from tests.support.clock import ManualClock
from tests.support.pki import Station, station

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def made(tmp_path: Path, clock: ManualClock) -> Station:
    return station(tmp_path, clock)


@pytest.fixture
def files(made: Station) -> ServerFiles:
    return ServerFiles(made.files.folder / "aggregator.pem", made.files.folder / "aggregator-key.pem")


def identity(made: Station, files: ServerFiles, *names: str, passphrase: bytes | None = None) -> ServerIdentity:
    return ServerIdentity(
        made.issuer, AGGREGATOR_PROFILE, files, names=names or LOOPBACK, clock=made.clock, passphrase=passphrase
    )


def test_a_certificate_is_made_once(made: Station, files: ServerFiles) -> None:
    """The first start makes the pair, in private files; the next finds it good."""
    assert identity(made, files).ensure()
    before = files.certificate.read_bytes()
    assert not identity(made, files).ensure()
    assert files.certificate.read_bytes() == before
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def test_the_file_holds_the_chain(made: Station, files: ServerFiles) -> None:
    """The certificate's file holds what agents need to get from it to the root."""
    identity(made, files).ensure()
    leaf, above = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    assert above == made.issuer.material.certificate
    leaf.verify_directly_issued_by(above)


def test_it_is_renewed_at_two_thirds_of_its_life(made: Station, files: ServerFiles, clock: ManualClock) -> None:
    """A certificate of thirty days is kept for twenty."""
    identity(made, files).ensure()
    clock.advance(19.9 * DAY)
    assert not identity(made, files).ensure()
    clock.advance(0.2 * DAY)
    assert identity(made, files).ensure()


def test_another_intermediate_makes_another_certificate(made: Station, files: ServerFiles) -> None:
    """What the intermediate before the present one has signed is made anew."""
    identity(made, files).ensure()
    made.install(made.signed())
    assert identity(made, files).ensure()
    assert not identity(made, files).ensure()


def test_a_new_name_makes_another_certificate(made: Station, files: ServerFiles) -> None:
    """A name that the certificate lacks is a reason to renew; one that it has too many is none."""
    identity(made, files, "a.example.org").ensure()
    assert identity(made, files, "a.example.org", "2001:db8::1").ensure()
    assert not identity(made, files, "2001:db8::1").ensure()


@pytest.mark.parametrize("damage", ["certificate", "key", "pair", "gone"])
def test_a_damaged_pair_is_made_anew(made: Station, files: ServerFiles, damage: str) -> None:
    """A pair that a crash or a hand has damaged costs nothing: it is made anew."""
    identity(made, files).ensure()
    match damage:
        case "pair":
            save_key(files.key, new_key(), None)
        case "gone":
            files.certificate.unlink()
        case _:
            Path(getattr(files, damage)).write_text("garbage")
    assert identity(made, files).ensure()
    assert not identity(made, files).ensure()


def test_a_sealed_key_stays_sealed(made: Station, files: ServerFiles) -> None:
    """Where there is a passphrase, the key on disk is sealed with it, at every renewal."""
    sealed = identity(made, files, passphrase=b"a long enough passphrase")
    for _ in range(2):
        sealed.renew()
        assert b"ENCRYPTED" in files.key.read_bytes()
    assert not sealed.ensure()


def test_an_expired_intermediate_leaves_what_is_there(made: Station, files: ServerFiles, clock: ManualClock) -> None:
    """Where nothing can be signed any more, the error says so, and the old certificate stays where it is."""
    identity(made, files).ensure()
    before = files.certificate.read_bytes()
    clock.advance(366 * DAY)
    with pytest.raises(NoIssuerError):
        identity(made, files).ensure()
    assert files.certificate.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(made: Station) -> None:
    """A file in the place of the folder is told as such."""
    (made.files.folder / "occupied").write_text("a file")
    files = ServerFiles(made.files.folder / "occupied" / "own.pem", made.files.folder / "occupied" / "own-key.pem")
    with pytest.raises(IdentityError, match="cannot be used"):
        identity(made, files).ensure()
