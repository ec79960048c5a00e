"""Names of segments: what is in them for people, and what tells left-over files from those of others.

    raw-day-20261124-3f9c01a2-67437a9e-5d0c2f81b4aa.sqlite

Kind, level, first day, the beginning of the cluster's id, the second in which the name was made, and chance.
"""

import re
from datetime import UTC, datetime

from sysmon_appliance.domain.segments import DAY_MS, Kind, Level

_ORIGIN_DIGITS = 8
_NAME = re.compile(r"[a-z]+-[a-z]+-\d{8}-([0-9a-f]{8})-([0-9a-f]+)-[0-9a-f]+\.sqlite")
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)


def segment_name(kind: Kind, level: Level, *, start_ms: int, cluster_id: str, made_ms: int, chance: str) -> str:
    """Name a segment whose earliest tick is at `start_ms`; `chance` are random hexadecimal digits."""
    origin = cluster_id[:_ORIGIN_DIGITS]
    return f"{kind}-{level}-{_day(start_ms):%Y%m%d}-{origin}-{made_ms // 1000:x}-{chance}.sqlite"


def made_ms(name: str, *, cluster_id: str) -> int | None:
    """Return when a name was made; None where it is not of this cluster."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] != cluster_id[:_ORIGIN_DIGITS]:
        return None
    return int(found[2], 16) * 1000


def _day(at_ms: int) -> datetime:
    days = at_ms // DAY_MS
    last = int(_LAST_DAY.timestamp() * 1000) // DAY_MS
    return datetime.fromtimestamp(min(days, last) * DAY_MS // 1000, UTC)
