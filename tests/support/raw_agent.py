"""An agent's side of the protocol spoken by hand, so that a test may break its rules."""

import contextlib
import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

from sysmon_agent.wire.decode import decode_reply
from sysmon_agent.wire.messages import Reply
from tests.support.authority import IssuedFiles


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a reply, or the code of a problem document."""

    status: int
    reply: Reply | None = None
    problem: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


def tls_context(authority: str, issued: IssuedFiles | None) -> ssl.SSLContext:
    """Trust an authority, and show a certificate where there is one."""
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = False
    if issued is not None:
        context.load_cert_chain(issued.certificate, issued.key)
    return context


class RawAgent:
    """One keep-alive connection to an aggregator."""

    def __init__(self, port: int, context: ssl.SSLContext, *, host: str = "127.0.0.1") -> None:
        self._connection = http.client.HTTPSConnection(host, port, context=context, timeout=20)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Send a body as it is, and read the answer."""
        sent = {"content-type": "application/x-protobuf"} | (headers or {})
        self._connection.request("POST", path, body, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status == http.client.OK:
            return Answer(answer.status, decode_reply(content))
        return Answer(answer.status, problem=json.loads(content))

    def send(self, data: bytes) -> None:
        """Send raw bytes on a new connection."""
        self._connection.close()
        self._connection.connect()
        self._connection.sock.sendall(data)

    def received(self) -> bytes:
        """Read until the aggregator closes the connection."""
        received = b""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while chunk := self._connection.sock.recv(65536):
                received += chunk
        return received

    def close(self) -> None:
        self._connection.close()
