"""Query parameters that several routes take: a stretch of time, and one host."""

from dataclasses import dataclass

from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.web.console.api import Call
from sysmon_appliance.web.console.parameters import Given, Parameter

MAX_MS = 1 << 47
"""The latest time that can be asked about: in the year 6429."""

SPAN = (
    Parameter("from", "Start, in milliseconds since 1970. Default: an hour before `to`.", at_least=0, at_most=MAX_MS),
    Parameter("to", "End, in milliseconds since 1970. Default: now.", at_least=0, at_most=MAX_MS),
)

HOST = Parameter("host", "Only series of this host: a name, an id or the beginning of one.")

_DEFAULT_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Longest:
    """How long a stretch may be."""

    days: int
    text: str  # as people are told


TEN_YEARS = Longest(10 * 365 + 3, "10 years")


def span(given: Given, now_ms: int, longest: Longest) -> tuple[int, int]:
    """Read the parameters of SPAN.

    Raises
    ------
    BadRequestError
        The stretch is empty, or too long.
    """
    to_ms = given.integer("to", now_ms)
    from_ms = given.integer("from", max(0, to_ms - _DEFAULT_MS))
    if not 0 < to_ms - from_ms <= longest.days * DAY_MS:
        raise BadRequestError(f"The parameter 'from' must lie before 'to', by {longest.text} at most.")
    return from_ms, to_ms


def host_of(call: Call) -> Host | None:
    """Read the parameter HOST; None where it is not given.

    Raises
    ------
    NotFoundError, BadRequestError
        It names no host, or several.
    """
    wanted = call.given.optional(HOST.name)
    return None if wanted is None else call.side.hosts.find(wanted)
