"""Which host has used which schema: of batches that left the head in rows of its own, of the others in the head."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import apsw

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.series import KeepUse, Use

_WIDEN = """
ON CONFLICT (host, schema) DO UPDATE SET
    first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)
"""
_FOLD = f"""
INSERT INTO host_schemas (host, schema, first_ms, last_ms)
SELECT streams.host, batches.schema, min(batches.start_ms), max(batches.end_ms)
FROM batches JOIN streams ON streams.id = batches.stream
WHERE batches.id <= :up_to
GROUP BY streams.host, batches.schema
{_WIDEN}
"""  # noqa: S608 - nothing but the clause above
_KEEP = f"""
INSERT INTO host_schemas (host, schema, first_ms, last_ms) VALUES (:host, :schema, :first_ms, :last_ms)
{_WIDEN}
"""  # noqa: S608 - likewise
_KEPT = "SELECT host, schema, first_ms, last_ms FROM host_schemas"
_OF_THE_HEAD = """
SELECT streams.host, batches.schema, min(batches.start_ms), max(batches.end_ms)
FROM batches JOIN streams ON streams.id = batches.stream
GROUP BY streams.host, batches.schema
"""


def load_uses(connection: apsw.Connection) -> list[Use]:
    """Return every use of a schema by a host."""
    uses = {(use.host, use.schema): use for use in load_kept_uses(connection)}
    for host, schema, first_ms, last_ms in connection.execute(_OF_THE_HEAD):
        uses.setdefault((host, schema), Use(host, schema, first_ms, last_ms)).widen(first_ms, last_ms)
    return list(uses.values())


def load_kept_uses(connection: apsw.Connection) -> list[Use]:
    """Return the uses that have rows of their own: those of which batches in the head tell may be missing."""
    return [Use(*row) for row in connection.execute(_KEPT)]


def keep_uses(connection: apsw.Connection, up_to: int) -> None:
    """Keep what the batches with row numbers up to `up_to` tell, before they leave the head."""
    connection.execute(_FOLD, {"up_to": up_to})


def _keep_use(connection: apsw.Connection, change: KeepUse) -> None:
    connection.execute(_KEEP, asdict(change))


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {KeepUse: _keep_use}
