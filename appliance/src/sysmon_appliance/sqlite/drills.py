"""How the newest drill ended."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import apsw

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.drills import Drill, NoteDrill

_NOTED = "SELECT value FROM meta WHERE name = 'drill'"
_NOTE = "INSERT INTO meta (name, value) VALUES ('drill', :text) ON CONFLICT (name) DO UPDATE SET value = :text"


def load_drill(connection: apsw.Connection) -> Drill | None:
    """Return what was noted last; None before anything was."""
    text = connection.execute(_NOTED).get
    return None if text is None else Drill(**json.loads(text))


def _note(connection: apsw.Connection, change: NoteDrill) -> None:
    connection.execute(_NOTE, {"text": json.dumps(asdict(change.drill))})


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {NoteDrill: _note}
