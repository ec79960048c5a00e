"""The audit log in the live database: one row per entry, written by the one writer and never touched again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import apsw

from sysmon_appliance.domain.audit import BEGINNING, AppendAudit, AuditQuery, Entry, Head, chained
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.sqlite.readers import Readers

# Either of the two may have been tampered with. Whatever follows the higher number leaves that to be seen for ever.
# In an aggregate with max(), SQLite takes bare columns from the row that has the maximum.
_NEWEST = """
SELECT max(number), hash FROM (
    SELECT number, hash FROM audit_head
    UNION ALL
    SELECT number, hash FROM (SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1)
)
"""
_APPEND = "INSERT INTO audit (number, entry, hash) VALUES (:number, :entry, :hash)"
_RECORD_HEAD = "INSERT OR REPLACE INTO audit_head (only, number, hash) VALUES (1, :number, :hash)"
_HEAD = "SELECT number, hash FROM audit_head"
# As bytes, for where a disk has changed them they may be no text any more.
_ENTRIES = """
SELECT number, CAST(entry AS BLOB), CAST(hash AS BLOB) FROM audit
WHERE number >= :first ORDER BY number LIMIT :limit
"""
_PAGE = """
SELECT number, CAST(entry AS BLOB), CAST(hash AS BLOB) FROM audit
WHERE (:before IS NULL OR number < :before)
AND (:actor IS NULL OR entry ->> 'actor' = :actor)
AND (:action IS NULL OR entry ->> 'action' = :action)
AND (:target IS NULL OR entry ->> 'target' = :target)
ORDER BY number DESC LIMIT :limit
"""

_AT_ONCE = 500
"""Entries read by one statement: between two of them, the WAL can be checkpointed."""


class AuditLog:
    """The AuditReader over the live database."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def head(self) -> Head:
        with self._readers.connection() as connection:
            row = connection.execute(_HEAD).fetchone()
        return Head(*row) if row else BEGINNING

    def page(self, query: AuditQuery) -> Sequence[Entry]:
        return self._read(_PAGE, asdict(query))

    def entries(self) -> Iterator[Entry]:
        first = -1 << 63  # forged entries may have any number
        while read := self._read(_ENTRIES, {"first": first, "limit": _AT_ONCE}):
            yield from read
            first = read[-1].number + 1

    def _read(self, statement: str, bindings: dict[str, Any]) -> list[Entry]:
        with self._readers.connection() as connection:
            return [_entry(*row) for row in connection.execute(statement, bindings)]


def _entry(number: int, text: bytes, found: bytes) -> Entry:
    return Entry(number, text.decode(errors="replace"), found.decode(errors="replace"))


def _append(connection: apsw.Connection, change: AppendAudit) -> None:
    newest: Any = connection.execute(_NEWEST).fetchone()
    entry = chained(change, BEGINNING if newest[0] is None else Head(*newest))
    connection.execute(_APPEND, {"number": entry.number, "entry": entry.text, "hash": entry.hash})
    connection.execute(_RECORD_HEAD, {"number": entry.number, "hash": entry.hash})


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {AppendAudit: _append}
