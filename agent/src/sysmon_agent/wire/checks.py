"""Small things that every message is made of, each read with the doubt that a stranger's bytes deserve."""

from collections.abc import Sequence
from itertools import pairwise

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.fields import read
from sysmon_agent.wire.messages import Attributes, ClockPair, Limits
from sysmon_agent.wire.shapes import CLOCK_PAIR, PAIR

LARGEST_NUMBER = 1 << 53
"""Of ticks, times and epochs: exact in JSON and in a float64."""
LARGEST_PROTOCOL = (1 << 32) - 1


def check_body(body: bytes, limits: Limits) -> None:
    if len(body) > limits.body_bytes:
        raise OversizedMessage(f"The message has {len(body)} bytes; {limits.body_bytes} are allowed.")


def check_count(values: Sequence[object], limit: int, what: str) -> None:
    if len(values) > limit:
        raise OversizedMessage(f"The message has {len(values)} {what}; {limit} are allowed.")


def identifier(value: bytes, what: str) -> bytes:
    if len(value) != 16:
        raise MalformedMessage(f"The {what}'s identifier has {len(value)} bytes, not 16.")
    return value


def bounded(value: int, largest: int = LARGEST_NUMBER) -> int:
    if value > largest:
        raise MalformedMessage(f"{value} is above the largest number here, {largest}.")
    return value


def positive(value: int, what: str) -> int:
    if not value:
        raise MalformedMessage(f"The {what} is zero.")
    return bounded(value)


def text(value: bytes, limits: Limits) -> str:
    if len(value) > limits.text_bytes:
        raise OversizedMessage(f"A text has {len(value)} bytes; {limits.text_bytes} are allowed.")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("A text is not UTF-8.") from None


def name(value: bytes, limits: Limits) -> str:
    if not value:
        raise MalformedMessage("A name is empty.")
    return text(value, limits)


def attributes(pairs: Sequence[bytes], limits: Limits) -> Attributes:
    check_count(pairs, limits.attributes, "attributes")
    found = tuple(_pair(pair, limits) for pair in pairs)
    for (before, _), (after, _) in pairwise(found):
        if before >= after:
            raise MalformedMessage(f"Attribute {after!r} is out of order, or there twice.")
    return found


def _pair(body: bytes, limits: Limits) -> tuple[str, str]:
    key, value = read(body, PAIR)
    return name(key, limits), text(value, limits)


def clock_pair(parts: Sequence[bytes]) -> ClockPair:
    if not parts:
        raise MalformedMessage("The clocks at sending are missing.")
    wall_ms, boot_ms = read(b"".join(parts), CLOCK_PAIR)
    return ClockPair(bounded(wall_ms), bounded(boot_ms))
