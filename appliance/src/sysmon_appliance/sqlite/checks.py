"""How the newest check of segments ended."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import apsw

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.integrity import Check, NoteCheck

_NOTED = "SELECT value FROM meta WHERE name = 'check'"
_NOTE = "INSERT INTO meta (name, value) VALUES ('check', :text) ON CONFLICT (name) DO UPDATE SET value = :text"


def load_check(connection: apsw.Connection) -> Check | None:
    """Return what was noted last; None before anything was."""
    text = connection.execute(_NOTED).get
    if text is None:
        return None
    fields = json.loads(text)
    return Check(**(fields | {"damaged": tuple(fields["damaged"])}))


def _note(connection: apsw.Connection, change: NoteCheck) -> None:
    connection.execute(_NOTE, {"text": json.dumps(asdict(change.check))})


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {NoteCheck: _note}
