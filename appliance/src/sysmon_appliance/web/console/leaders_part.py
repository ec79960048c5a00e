"""Which requests only the leader can answer."""

import re

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_HERE = frozenset({"/api/v1/ha/adopt", "/api/v1/ha/recover"})
"""Writes that mean this very machine."""

_READS = re.compile(
    r"/api/v1/(?:imports/[^/]+|storage|storage/forecast|storage/check|certificates/rotation|ha/handoff|backups)"
)
"""Reads of what only the leader knows: what it is doing, and what was never written down."""

_OPENS_A_SESSION = "/link/"


def goes_to_leader(method: str, path: str) -> bool:
    """Whether only the leader can answer a request."""
    return changes_something(method, path) or (method == "GET" and _READS.fullmatch(path) is not None)


def changes_something(method: str, path: str) -> bool:
    """Whether a request changes what all aggregators of the region share."""
    if path.startswith(_OPENS_A_SESSION):
        return method == "GET"
    return method in _WRITES and path.startswith("/api/") and path not in _HERE
