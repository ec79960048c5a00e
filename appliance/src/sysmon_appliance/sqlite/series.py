"""Which host has used which schema: of batches that left the head in rows of its own, of the others in the head."""

import apsw

from sysmon_appliance.domain.series import Use

_FOLD = """
INSERT INTO host_schemas (host, schema, first_ms, last_ms)
SELECT streams.host, batches.schema, min(batches.start_ms), max(batches.end_ms)
FROM batches JOIN streams ON streams.id = batches.stream
WHERE batches.id <= :up_to
GROUP BY streams.host, batches.schema
ON CONFLICT (host, schema) DO UPDATE SET
    first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)
"""
_KEPT = "SELECT host, schema, first_ms, last_ms FROM host_schemas"
_OF_THE_HEAD = """
SELECT streams.host, batches.schema, min(batches.start_ms), max(batches.end_ms)
FROM batches JOIN streams ON streams.id = batches.stream
GROUP BY streams.host, batches.schema
"""


def load_uses(connection: apsw.Connection) -> list[Use]:
    """Return every use of a schema by a host."""
    uses = {row[:2]: Use(*row) for row in connection.execute(_KEPT)}
    for host, schema, first_ms, last_ms in connection.execute(_OF_THE_HEAD):
        uses.setdefault((host, schema), Use(host, schema, first_ms, last_ms)).widen(first_ms, last_ms)
    return list(uses.values())


def keep_uses(connection: apsw.Connection, up_to: int) -> None:
    """Keep what the batches with row numbers up to `up_to` tell, before they leave the head."""
    connection.execute(_FOLD, {"up_to": up_to})
