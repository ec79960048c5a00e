"""A program that stands in for `litestream replicate`, and answers to /sync what it is told to.

    python pretended_litestream.py ANSWERS replicate -no-expand-env -config FILE

Each line of the file ANSWERS is a status and a JSON body, or `exit`; the last one is given for ever.
It uses nothing but Python.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer


class Handler(BaseHTTPRequestHandler):
    answers: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "exit":
            os._exit(1)
        status, _, body = answer.partition(" ")
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def address_string(self) -> str:
        return "unix"  # a client on a Unix socket has no address

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    Handler.answers = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    config = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    with UnixStreamServer(config["socket"]["path"], Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
