"""A Unix socket that answers like the aggregator's API, with what a test puts there."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any


class ConsoleServer:
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}  # path to status and document, or bytes
        self.turns: dict[str, list[Any]] = {}  # path to documents, each of which is an answer once
        self.asked: list[str] = []  # "METHOD path?query"
        self.sent: list[Any] = []  # the bodies that came along

    def answer(self, path: str, document: Any, status: int = 200) -> None:
        self.answers[path] = (status, document)

    def answer_in_turn(self, path: str, documents: list[Any]) -> None:
        """Give each document once, in order."""
        self.turns[path] = documents

    def find(self, path: str) -> tuple[int, Any]:
        """Return status and document for a path."""
        if self.turns.get(path):
            return 200, self.turns[path].pop(0)
        not_found = {"code": "not_found", "detail": f"There is no {path}.", "hint": "sysmon hosts list"}
        return self.answers.get(path, (404, not_found))

    def problem(self, path: str, code: str, status: int, *, detail: str, hint: str = "") -> None:
        self.answer(path, {"code": code, "status": status, "detail": detail, "hint": hint}, status)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def console_server(socket: Path) -> Iterator[ConsoleServer]:
    """Serve at `socket` until the block ends."""
    console = ConsoleServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            console.asked.append(f"{self.command} {self.path}")
            path = self.path.partition("?")[0]
            if length := int(self.headers.get("content-length", "0")):
                console.sent.append(json.loads(self.rfile.read(length)))
            status, document = console.find(path)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the base class chooses by this name

        def log_message(self, *_: Any) -> None:
            return

    with _Server(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield console
        finally:
            server.shutdown()
            thread.join()
