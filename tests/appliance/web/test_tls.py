"""A listener's TLS is replaced while connections are open."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import IdentityError
from sysmon_appliance.pki.certificates import Material
from sysmon_appliance.pki.files import save_pair
from sysmon_appliance.pki.keys import new_key, save_key
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE
from sysmon_appliance.web.tls import LiveContext, TlsFiles
from tests.support.handshakes import client_context, shake_hands
from tests.support.pki import Station, station, tree

PASSPHRASE = b"a long enough passphrase"


@dataclass(frozen=True, slots=True)
class Listener:
    """The files of a listener, and who may connect to it."""

    station: Station
    files: TlsFiles
    client: ssl.SSLContext

    def renew(self, passphrase: bytes | None = None) -> Material:
        material = self.station.issuer.server(AGGREGATOR_PROFILE, LOOPBACK)
        save_pair(material, Path(self.files.certificate), Path(self.files.key), passphrase)
        return material


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    made = station(tmp_path, SystemClock())
    authority = made.files.authority
    files = TlsFiles(str(tmp_path / "own.pem"), str(tmp_path / "own-key.pem"), str(authority))
    client = client_context(tree(made.clock).agent(made.issuer.material), authority)
    listener = Listener(made, files, client)
    listener.renew()
    return listener


def test_a_reload_shows_the_new_certificate_to_new_connections(listener: Listener) -> None:
    """After a reload new connections get the new certificate, and the context of open ones is not touched."""
    live = LiveContext(listener.files)
    before = live.context
    listener.renew()
    live.reload()
    assert live.context is not before
    for context in (before, live.context):
        assert not shake_hands(context, listener.client).problems


@pytest.mark.parametrize("damage", ["certificate", "key", "authority", "pair"])
def test_a_failed_reload_keeps_what_was_there(listener: Listener, damage: str) -> None:
    """A file that cannot be used is told, and connections go on with what was in use."""
    live = LiveContext(listener.files)
    before = live.context
    if damage == "pair":
        save_key(Path(listener.files.key), new_key(), None)
    else:
        Path(getattr(listener.files, damage)).write_text("garbage")
    with pytest.raises(IdentityError) as caught:
        live.reload()
    assert listener.files.certificate in caught.value.message
    assert live.context is before


def test_a_sealed_key_opens_with_its_passphrase(listener: Listener) -> None:
    """A sealed key is opened with the passphrase; with another one, or none, nobody is asked and the start fails."""
    listener.renew(PASSPHRASE)
    live = LiveContext(listener.files, key_passphrase=PASSPHRASE)
    assert not shake_hands(live.context, listener.client).problems
    for wrong in (b"another passphrase", None):
        with pytest.raises(IdentityError):
            LiveContext(listener.files, key_passphrase=wrong)


@pytest.mark.parametrize(("minimum", "spoken"), [("1.3", ""), ("1.2", "TLSv1.2")])
def test_an_old_version_is_spoken_only_where_it_is_allowed(listener: Listener, minimum: str, spoken: str) -> None:
    """TLS 1.2 is refused unless the settings allow it."""
    listener.client.minimum_version = ssl.TLSVersion.TLSv1_2
    listener.client.maximum_version = ssl.TLSVersion.TLSv1_2
    live = LiveContext(listener.files, minimum_version=minimum)
    assert shake_hands(live.context, listener.client).version == spoken


@pytest.mark.parametrize(
    ("clients", "shown", "problem"),
    [
        (ssl.CERT_NONE, False, False),
        (ssl.CERT_OPTIONAL, False, False),
        (ssl.CERT_OPTIONAL, True, False),
        (ssl.CERT_REQUIRED, True, False),
        (ssl.CERT_REQUIRED, False, True),
    ],
)
def test_a_client_certificate_is_asked_for_as_it_is_said(
    listener: Listener, clients: ssl.VerifyMode, *, shown: bool, problem: bool
) -> None:
    """Where certificates are optional a client may come without; where they are required it may not."""
    live = LiveContext(listener.files, clients=clients)
    client = listener.client if shown else client_context(None, listener.station.files.authority)
    seen = shake_hands(live.context, client)
    assert bool(seen.problems) is problem
    assert bool(seen.peer) is (shown and clients is not ssl.CERT_NONE)


def test_a_session_is_resumed_with_the_same_identity(listener: Listener) -> None:
    """A client that comes back resumes its session, and is known by the certificate that it showed before."""
    live = LiveContext(listener.files, clients=ssl.CERT_OPTIONAL)
    first = shake_hands(live.context, listener.client)
    again = shake_hands(live.context, listener.client, first.session)
    assert (first.resumed, again.resumed) == (False, True)
    assert again.peer == first.peer != ""


def test_no_session_is_resumed_across_a_reload(listener: Listener) -> None:
    """After a reload a certificate is verified anew, since its root may have been withdrawn."""
    live = LiveContext(listener.files, clients=ssl.CERT_OPTIONAL)
    first = shake_hands(live.context, listener.client)
    live.reload()
    again = shake_hands(live.context, listener.client, first.session)
    assert not again.resumed
    assert again.peer == first.peer
