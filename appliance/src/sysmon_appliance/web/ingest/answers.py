"""Whole HTTP answers as bytes, for the route that is too hot for a framework."""

from http import HTTPStatus

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.messages import Reply
from sysmon_agent.wire.routes import MESSAGE_TYPE
from sysmon_appliance.web.problems import problem_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_OK = f"HTTP/1.1 200 OK\r\ncontent-type: {MESSAGE_TYPE}\r\ncontent-length: %d\r\n%s\r\n".encode()
_CLOSE = b"connection: close\r\n"


def answer_bytes(answer: Reply | SysmonError, *, close: bool) -> bytes:
    """Render an answer; `close` says in it that the connection ends."""
    if isinstance(answer, Reply):
        body = encode_reply(answer)
        return _OK % (len(body), _CLOSE if close else b"") + body
    problem = problem_of(answer)
    head = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    head += [f"{name}: {value}" for name, value in problem.headers.items()]
    head.append(f"content-length: {len(problem.body)}\r\n")
    return "\r\n".join(head).encode() + (_CLOSE if close else b"") + b"\r\n" + problem.body
