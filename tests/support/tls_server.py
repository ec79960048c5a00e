"""A TLS server that answers just what a test tells it to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.authority import IssuedFiles

Script = Callable[[ssl.SSLSocket], None]


def server_context(issued: IssuedFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(issued.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def tls_server(issued: IssuedFiles, script: Script) -> Iterator[str]:
    """Serve one connection after another on loopback; yields the address. The script ends where its peer leaves."""
    context = server_context(issued)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with suppress(OSError), context.wrap_socket(plain, server_side=True) as stream:
                        script(stream)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host, port = listener.getsockname()
        yield f"{host}:{port}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def read_request(stream: ssl.SSLSocket) -> bytes:
    """Read a request with its body; raises ConnectionError when the other side has left."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(stream)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _some(stream)
    return head + b"\r\n\r\n" + body


def _some(stream: ssl.SSLSocket) -> bytes:
    received = stream.recv(65536)
    if not received:
        raise ConnectionError("the other side has left")
    return received
