"""What an aggregator's answer means to the uplink."""

import json
from typing import Any

from sysmon_agent.config.addresses import destination, destinations
from sysmon_agent.errors import WireError
from sysmon_agent.transport import Response
from sysmon_agent.uplink.signals import Failed, Refused
from sysmon_agent.wire.decode import decode_reply
from sysmon_agent.wire.messages import Reply


def reply_in(response: Response) -> Reply | Failed | None:
    """Read the reply of an answer that says 200; None when it says anything else."""
    if response.status != 200:
        return None
    try:
        return decode_reply(response.body)
    except WireError as error:
        return Failed(f"The aggregator's answer cannot be read: {error}")


def refusal_in(response: Response, *, first: int = 0, last: int = 0) -> Refused:
    """Read a problem document (RFC 9457); what it does not say is told from the status alone."""
    problem = _problem(response.body)
    return Refused(
        status=response.status,
        code=str(problem.get("code", "")),
        expected=_number(problem.get("expected")),
        retry_after=_seconds(response.headers.get("retry-after", "")),
        first=first,
        last=last,
        leader=destination(problem.get("leader")),
        aggregators=destinations(problem.get("aggregators")),
    )


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _seconds(value: str) -> float:
    """Read a Retry-After in seconds; the form with a date depends on two clocks agreeing and is not used here."""
    return float(value) if value.isascii() and value.isdecimal() else 0.0
