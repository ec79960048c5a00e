"""What is asked of an aggregator about identity, and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sysmon_agent.config.addresses import destination, destinations, parse_address
from sysmon_agent.errors import AnswerError, TransportError
from sysmon_agent.transport import Response
from sysmon_agent.wire.routes import AUTHORITY_PATH

MEDIA_TYPE = "application/json"
LEAST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 300.0

_OK, _ACCEPTED, _TOO_MANY = 200, 202, 429
_SHOWN_CHARACTERS = 500
_LAST_MS = 253_402_300_799_999  # the end of the year 9999, the last that can be written


class Channel(Protocol):
    """A connection to an aggregator."""

    def exchange(self, method: str, path: str, body: bytes, *, media_type: str) -> Response: ...


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom a region trusts, as whoever answers says; nothing of it is believed before it was verified."""

    roots: str  # PEM
    now_ms: int
    region: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A certificate, and what belongs to it."""

    host_id: str
    certificate: str  # PEM: the certificate and the intermediate that signed it
    authority: str  # PEM
    aggregators: tuple[str, ...]  # HOST:PORT
    expires_ms: int
    renew_at_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request stands, and is to be repeated as it is."""

    enrolment: str  # its id, by which it is approved; empty where the aggregator only has too much to do
    reason: str
    retry_after: float  # seconds


def fetch_authority(channel: Channel) -> Authority:
    """Ask whom the region trusts, and what time it is there.

    Raises
    ------
    TransportError
        There is no answer, or none that makes sense.
    AnswerError
        The aggregator refuses.
    """
    answer = _document(channel.exchange("GET", AUTHORITY_PATH, b"", media_type=MEDIA_TYPE))
    try:
        return Authority(str(answer["authority"]), _moment(answer["now"]), str(answer["region"]))
    except (KeyError, TypeError, ValueError):
        raise _nonsense() from None


def ask(channel: Channel, path: str, request: Mapping[str, str]) -> Grant | Waiting:
    """Ask for a certificate; raises as `fetch_authority` does."""
    response = channel.exchange("POST", path, json.dumps(request).encode(), media_type=MEDIA_TYPE)
    try:
        answer = _document(response)
    except AnswerError as refusal:
        if refusal.status != _TOO_MANY:
            raise
        return Waiting("", refusal.message, _pause(response))
    try:
        if response.status == _ACCEPTED:
            return Waiting(_shown(answer["enrolment"]), _shown(answer["reason"]), _pause(response))
        return _grant(answer)
    except (KeyError, TypeError, ValueError):
        raise _nonsense() from None


def _grant(answer: Mapping[str, Any]) -> Grant:
    return Grant(
        host_id=str(answer["host_id"]),
        certificate=str(answer["certificate"]),
        authority=str(answer["authority"]),
        aggregators=tuple(str(parse_address(address)) for address in answer["aggregators"]),
        expires_ms=_moment(answer["expires"]),
        renew_at_ms=_moment(answer["renew_at"]),
        now_ms=_moment(answer["now"]),
    )


def _moment(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LAST_MS:
        raise ValueError("a moment is a number of milliseconds")
    return value


def _document(response: Response) -> Mapping[str, Any]:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    if response.status not in {_OK, _ACCEPTED}:
        raise _refusal(response.status, answer)
    if not isinstance(answer, dict):
        raise _nonsense()
    return answer


def _refusal(status: int, problem: Any) -> AnswerError:
    if not isinstance(problem, dict):
        problem = {}
    return AnswerError(
        _shown(problem.get("detail") or f"The aggregator answers with status {status}."),
        code=_shown(problem.get("code") or "refused"),
        status=status,
        hint=_shown(problem.get("hint") or ""),
        elsewhere=tuple(filter(None, (destination(problem.get("leader")), *destinations(problem.get("aggregators"))))),
    )


def _shown(value: object) -> str:
    """Make words of somebody who may be anybody fit for a terminal: short, and without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_SHOWN_CHARACTERS])


def _pause(response: Response) -> float:
    value = response.headers.get("retry-after", "")
    seconds = float(value) if value.isascii() and value.isdecimal() else LEAST_WAIT_SECONDS
    return min(max(seconds, LEAST_WAIT_SECONDS), MOST_WAIT_SECONDS)


def _nonsense() -> TransportError:
    return TransportError("The answer makes no sense; is this port an aggregator's?", hint="sysmon-agent check")
