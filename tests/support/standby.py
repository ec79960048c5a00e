"""An aggregator that does not lead, over real TLS."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.authority import IssuedFiles
from tests.support.tls_server import read_request, tls_server


@contextmanager
def standby(issued: IssuedFiles, leader: str, *aggregators: str) -> Iterator[str]:
    """Answer everything with `not_leader`, and name who leads; yields the address."""
    body = json.dumps(
        {"code": "not_leader", "detail": "Another leads.", "leader": leader, "aggregators": aggregators}
    ).encode()

    def script(stream: ssl.SSLSocket) -> None:
        while read_request(stream):
            stream.sendall(b"HTTP/1.1 421 X\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    with tls_server(issued, script) as address:
        yield address
