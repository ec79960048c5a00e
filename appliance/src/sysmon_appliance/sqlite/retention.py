"""What is remembered of the rules of retention."""

from collections.abc import Callable
from typing import Any

import apsw

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.retention import NoteRetention

_NOTED = "SELECT value FROM meta WHERE name = 'retention'"
_NOTE = "INSERT INTO meta (name, value) VALUES ('retention', :text) ON CONFLICT (name) DO UPDATE SET value = :text"


def load_retention(connection: apsw.Connection) -> str:
    """Return what was noted last; an empty string before anything was."""
    return str(connection.execute(_NOTED).get or "")


def _note(connection: apsw.Connection, change: NoteRetention) -> None:
    connection.execute(_NOTE, {"text": change.text})


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {NoteRetention: _note}
