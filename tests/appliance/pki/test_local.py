import shutil
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import peer_of
from sysmon_appliance.pki import IssuedFiles, LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST

DAY = 86_400


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.pem")}


def not_after(path: Path) -> float:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()


def test_identity_is_in_the_uri(tmp_path: Path) -> None:
    """A certificate names region, role and id in its URI, and an aggregator's also names the local machine."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    agent = x509.load_pem_x509_certificate(authority.agent(HOST).certificate.read_bytes())
    aggregator = x509.load_pem_x509_certificate(authority.aggregator().certificate.read_bytes())
    names = agent.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [f"spiffe://sysmon/local/agent/{HOST}"]
    names = aggregator.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [
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
        clock.advance(30 * DAY)
    authority = LocalAuthority.open(tmp_path / "pki", clock)
    authority.aggregator()
    authority.agent(HOST)
    assert contents(tmp_path) == before
    assert len(before) == 6


def test_files_are_private(tmp_path: Path) -> None:
    """Every file is readable by its owner only, and so is every folder."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    authority.aggregator()
    authority.agent(HOST)
    for path in (tmp_path / "pki").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_key_that_others_can_read_is_made_private_again(tmp_path: Path) -> None:
    """A key whose mode was loosened, as by an unpacked archive, gets mode 0600 back."""
    issued = LocalAuthority.open(tmp_path / "pki", ManualClock()).aggregator()
    issued.key.chmod(0o644)
    LocalAuthority.open(tmp_path / "pki", ManualClock()).aggregator()
    assert stat.S_IMODE(issued.key.stat().st_mode) == 0o600


def test_a_certificate_is_renewed_in_the_last_third_of_its_life(tmp_path: Path) -> None:
    """A certificate is kept for two thirds of its life and then replaced, under the same identity."""
    clock = ManualClock()
    authority = LocalAuthority.open(tmp_path / "pki", clock)
    first = not_after(authority.agent(HOST).certificate)
    clock.advance(540 * DAY)
    assert not_after(authority.agent(HOST).certificate) == first
    clock.advance(20 * DAY)
    assert not_after(authority.agent(HOST).certificate) > first


def test_an_expired_authority_is_replaced_with_all_that_it_signed(tmp_path: Path) -> None:
    """After ten years a new authority is made, and it signs new certificates."""
    clock = ManualClock()
    LocalAuthority.open(tmp_path / "pki", clock).agent(HOST)
    before = contents(tmp_path)
    clock.advance(3651 * DAY)
    LocalAuthority.open(tmp_path / "pki", clock).agent(HOST)
    assert not set(before.values()) & set(contents(tmp_path).values())


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    """A certificate made in the authority's last year ends with the authority."""
    clock = ManualClock()
    LocalAuthority.open(tmp_path / "pki", clock)
    clock.advance(3500 * DAY)
    authority = LocalAuthority.open(tmp_path / "pki", clock)
    assert not_after(authority.agent(HOST).certificate) == not_after(tmp_path / "pki" / "ca.pem")


@pytest.mark.parametrize("damage", ["cut", "missing key", "foreign key"])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, damage: str) -> None:
    """A certificate that a crash or a person has damaged is replaced by a good one."""
    authority = LocalAuthority.open(tmp_path / "pki", ManualClock())
    issued = authority.agent(HOST)
    match damage:
        case "cut":
            issued.certificate.write_bytes(issued.certificate.read_bytes()[:100])
        case "missing key":
            issued.key.unlink()
        case _:
            shutil.copy(authority.aggregator().key, issued.key)
    assert authority.agent(HOST) == issued
    assert not_after(issued.certificate) > ManualClock().wall_ms() / 1000


@pytest.mark.parametrize("file", ["ca.pem", "ca-key.pem"])
def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path, file: str) -> None:
    """A damaged authority stops the start and says how to set it aside."""
    LocalAuthority.open(tmp_path / "pki", ManualClock())
    (tmp_path / "pki" / file).write_text("garbage")
    with pytest.raises(IdentityError) as caught:
        LocalAuthority.open(tmp_path / "pki", ManualClock())
    assert str(tmp_path / "pki" / "ca.pem") in caught.value.message
    assert caught.value.hint == f"mv {tmp_path / 'pki'} {tmp_path / 'pki'}.broken"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder is said in one sentence."""
    (tmp_path / "pki").write_text("")
    with pytest.raises(IdentityError, match="cannot be used"):
        LocalAuthority.open(tmp_path / "pki", ManualClock())


def server_context(issued: IssuedFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return with_files(context, issued)


def client_context(issued: IssuedFiles) -> ssl.SSLContext:
    return with_files(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), issued)


def with_files(context: ssl.SSLContext, issued: IssuedFiles) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(issued.authority)
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> list[str]:
    """Return what the server saw: the client's URI, or the name of the error."""
    seen: list[str] = []
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as connection:
                seen.append(peer_of(connection.getpeercert()).uri)
                connection.sendall(b".")
        except ssl.SSLError as error:
            seen.append(type(error).__name__)
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname="localhost") as connection:
            connection.recv(1)
    except OSError as error:
        seen.append(f"client: {type(error).__name__}")
    finally:
        ours.close()
        thread.join()
    return seen


def test_both_sides_know_each_other(tmp_path: Path) -> None:
    """An agent and an aggregator of one authority connect under strict verification, and the agent is recognised."""
    authority = LocalAuthority.open(tmp_path / "pki", SystemClock())
    seen = handshake(server_context(authority.aggregator()), client_context(authority.agent(HOST)))
    assert seen == [f"spiffe://sysmon/local/agent/{HOST}"]


def test_roles_are_enforced_by_the_certificates(tmp_path: Path) -> None:
    """An aggregator's certificate is refused as a client, and an agent's as a server."""
    authority = LocalAuthority.open(tmp_path / "pki", SystemClock())
    aggregator, agent = authority.aggregator(), authority.agent(HOST)
    assert "SSLCertVerificationError" in handshake(server_context(aggregator), client_context(aggregator))
    assert "client: SSLCertVerificationError" in handshake(server_context(agent), client_context(agent))


def test_another_authority_is_refused(tmp_path: Path) -> None:
    """An agent of another machine's authority is refused in the handshake."""
    ours = LocalAuthority.open(tmp_path / "ours", SystemClock()).aggregator()
    theirs = LocalAuthority.open(tmp_path / "theirs", SystemClock()).agent(HOST)
    foreign = IssuedFiles(theirs.certificate, theirs.key, ours.authority)
    assert "SSLCertVerificationError" in handshake(server_context(ours), client_context(foreign))
