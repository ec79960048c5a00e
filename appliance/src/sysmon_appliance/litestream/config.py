"""The settings file of one `litestream replicate`. It has no secret in it: keys travel in the environment."""

import json
from dataclasses import dataclass
from pathlib import Path

_LEVELS = ("30s", "5m", "1h")
"""Above the transactions themselves: how coarse a point in time can be chosen, and how few files a restore reads."""

_L0_RETENTION = "5m"
"""How long single transactions stay. Each look of a follower lists them all; a later one takes the level above."""

_POLL = "10s"
"""Litestream's own looks at the WAL; what matters is asked for, and each look of its own would be one upload more."""

_MOST_SNAPSHOTS = 72
"""So many lie in the replica at most. An hour apart, they keep a restore short: what was written since is read too."""

_LONGEST_PAUSE_HOURS = 24
_OWNER_ALONE = 0o600


@dataclass(frozen=True, slots=True)
class Replicated:
    """What is replicated where."""

    database: Path
    replica: str  # as Litestream takes it
    socket: Path
    keep_hours: int


def replication_config(replicated: Replicated) -> str:
    """Write the settings as JSON, which is YAML; Litestream takes no notice of what it does not know."""
    pause_hours = min(max(replicated.keep_hours // _MOST_SNAPSHOTS, 1), _LONGEST_PAUSE_HOURS)
    settings = {
        "socket": {"enabled": True, "path": str(replicated.socket), "permissions": _OWNER_ALONE},
        "levels": [{"interval": level} for level in _LEVELS],
        # The oldest point that can be restored is the oldest snapshot: one more of them covers the whole time.
        "snapshot": {"interval": f"{pause_hours}h", "retention": f"{replicated.keep_hours + pause_hours}h"},
        "l0-retention": _L0_RETENTION,
        "verify-compaction": True,
        "validation": {"interval": "1h"},
        "dbs": [
            {
                "path": str(replicated.database),
                "monitor-interval": _POLL,
                "busy-timeout": "5s",
                # Were it to recover by itself, it would begin a second history in the place of the first.
                "replica": {"url": replicated.replica, "sync-interval": _POLL, "auto-recover": False},
            }
        ],
    }
    return json.dumps(settings, indent=2) + "\n"
