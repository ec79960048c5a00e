"""Times as people write them."""

import re
from datetime import UTC, datetime

from sysmon_appliance.errors import BadRequestError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])")


def seconds_of(text: str) -> float:
    """Read a duration such as 10m.

    Raises
    ------
    BadRequestError
        It is none.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise BadRequestError(
            f"{text!r} is no duration such as 30s, 10m, 2h or 7d.", hint="sysmon hosts list --since 10m"
        )
    return float(match[1]) * _UNITS[match[2]]


def moment_of(text: str, now_ms: int) -> int:
    """Read a moment, in milliseconds since 1970: so long ago, such as 10m, or a time such as 2026-11-24T12:30.

    A time without an offset is of UTC, as all times in tables are.

    Raises
    ------
    BadRequestError
        It is neither.
    """
    if _TIME.fullmatch(text.strip()):
        return now_ms - round(seconds_of(text) * 1000)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRequestError(
            f"{text!r} is no time such as 10m, 2h or 2026-11-24T12:30.", hint="sysmon processes HOST --at 10m"
        ) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
