"""Floods a TLS listener from many loopback addresses, in a process of its own: `python -m tests.support.flood PORT`.

Each address connects over and over. Some finish the handshake and stay, without a certificate; some begin one and
say no more; some say nothing at all; some send what is no TLS. It ends with its standard input.
"""

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator

_KEPT = 30
"""Connections that each address holds on to."""

ADDRESSES = 12


def connected(port: int, address: str) -> socket.socket:
    """Connect to the listener from one of loopback's addresses."""
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(address, 0))


def without_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shake_hands(plain: socket.socket) -> socket.socket:
    return without_certificate().wrap_socket(plain)


def _begin(plain: socket.socket) -> socket.socket:
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        without_certificate().wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    plain.sendall(hello.read())
    return plain


def _say_nothing(plain: socket.socket) -> socket.socket:
    return plain


def _send_garbage(plain: socket.socket) -> socket.socket:
    plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
    return plain


MANNERS: tuple[Callable[[socket.socket], socket.socket], ...] = (_shake_hands, _begin, _say_nothing, _send_garbage)


def _flood(port: int, number: int) -> None:
    behave = MANNERS[number % len(MANNERS)]
    kept: deque[socket.socket] = deque()
    while True:
        with contextlib.suppress(OSError):
            kept.append(behave(connected(port, f"127.0.9.{number + 1}")))
        if len(kept) > _KEPT:
            kept.popleft().close()


@contextlib.contextmanager
def flooded(port: int) -> Iterator[None]:
    """Flood a listener until the block ends."""
    command = [sys.executable, "-m", "tests.support.flood", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    for one in range(ADDRESSES):
        threading.Thread(target=_flood, args=(int(sys.argv[1]), one), daemon=True).start()
    sys.stdout.write("flooding\n")
    sys.stdout.flush()
    sys.stdin.read()
