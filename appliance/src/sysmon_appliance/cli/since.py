"""Times as people write them."""

import re

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
