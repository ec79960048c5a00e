"""A server on loopback that answers like S3 does on a bad day."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class BadS3:
    """Gives each answer once, in order, and the last one for ever."""

    answers: list[tuple[int, bytes]]
    asked: list[str] = field(default_factory=list)  # methods
    endpoint: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)
    """An answer of status 0 waits for it, as a store that hangs."""

    def next(self, method: str) -> tuple[int, bytes]:
        self.asked.append(method)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def refusal(code: str) -> bytes:
    """Write what S3 says when it refuses; such answers quote what the request was signed with."""
    quoted = "<AWSAccessKeyId>GK31c2f218a2e44f485b94239e</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256</StringToSign>"
    return f"<?xml version='1.0'?><Error><Code>{code}</Code>{quoted}</Error>".encode()


@contextmanager
def bad_s3(*answers: tuple[int, bytes]) -> Iterator[BadS3]:
    """Serve until the block ends."""
    store = BadS3(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            status, body = store.next(self.command)
            if not status:
                store.let_go.wait(60)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("last-modified", "Fri, 04 Oct 2024 00:00:00 GMT")
            self.send_header("etag", '"0"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_PUT = do_HEAD = do_DELETE = do_POST = do_GET  # noqa: N815 - the base class chooses by these names

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        store.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield store
        finally:
            store.let_go.set()
            server.shutdown()
            thread.join()
