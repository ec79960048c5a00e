"""TLS handshakes over a socket pair: what each side makes of the other's certificate."""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

from sysmon_agent.wire.peer import peer_of
from sysmon_appliance.pki.certificates import Material
from sysmon_appliance.pki.files import save_pair


@dataclass
class Handshake:
    """How a handshake ended, on either side."""

    peer: str = ""  # the client's identity, as the server saw it
    version: str = ""
    resumed: bool = False
    session: ssl.SSLSession | None = None
    problems: list[str] = field(default_factory=list)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Handshake:
    """Connect, exchange a byte, and tell what happened."""
    seen = Handshake()
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(server, theirs, seen))
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname="localhost", session=session) as connection:
            connection.recv(1)  # tickets come before it
            seen.version, seen.resumed = connection.version() or "", bool(connection.session_reused)
            seen.session = connection.session
    except OSError as error:
        seen.problems.append(f"client: {getattr(error, 'verify_message', type(error).__name__)}")
    finally:
        ours.close()
        thread.join()
    return seen


def _serve(server: ssl.SSLContext, plain: socket.socket, seen: Handshake) -> None:
    try:
        with server.wrap_socket(plain, server_side=True) as connection:
            certificate = connection.getpeercert()
            seen.peer = peer_of(certificate).uri if certificate else ""
            connection.sendall(b".")
    except OSError as error:
        seen.problems.append(f"server: {getattr(error, 'verify_message', type(error).__name__)}")
        plain.close()


def server_context(material: Material, authority: Path) -> ssl.SSLContext:
    """Serve as strictly as OpenSSL can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _with_files(context, material, authority)


def client_context(material: Material | None, authority: Path) -> ssl.SSLContext:
    return _with_files(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), material, authority)


def _with_files(context: ssl.SSLContext, material: Material | None, authority: Path) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.load_verify_locations(authority)
    if material is not None:
        pair = authority.parent / "shown.pem", authority.parent / "shown-key.pem"
        save_pair(material, *pair, None)
        context.load_cert_chain(*pair)
    return context
