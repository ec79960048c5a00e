"""Counting what a database holds, and looking for what is broken in it: the Counter of drills."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from sysmon_appliance.domain.audit import BEGINNING, Head
from sysmon_appliance.domain.drills import Account, Contents, HeadRows
from sysmon_appliance.sqlite.connection import explained, open_reader

TABLES = (
    "hosts",
    "schemas",
    "streams",
    "gaps",
    "identities",
    "certificates",
    "revoked_issuers",
    "join_tokens",
    "enrolments",
    "users",
    "api_tokens",
    "segments",
    "audit",
)
"""Those that change only where `meta.version` rises with it."""

_META = "SELECT name, value FROM meta WHERE name IN ('cluster', 'mark', 'version')"
_TABLES = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)  # noqa: S608 - the names above
_AUDIT = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
_AUDIT_HASH = "SELECT hash FROM audit WHERE number = :number"
_LAST_BATCH = "SELECT coalesce(max(id), 0) FROM batches"
_HEAD = """
SELECT coalesce(min(id), 0), count(*), coalesce(sum(batches.count), 0), coalesce(sum(length(bodies.body)), 0)
FROM batches JOIN bodies USING (id) WHERE id BETWEEN :first AND :last
"""
# The last number of a stream is its newest tick, be it in the head or not, or its newest gap.
_ACCOUNTS = """
SELECT
    streams.id,
    max(base_last, coalesce(head.last, 0), coalesce(missing.last, 0)),
    base_stored + coalesce(head.ticks, 0),
    coalesce(missing.ticks, 0)
FROM streams
LEFT JOIN (
    SELECT stream, max(first + count - 1) AS last, sum(count) AS ticks FROM batches GROUP BY stream
) AS head ON head.stream = streams.id
LEFT JOIN (
    SELECT stream, max(last) AS last, sum(last - first + 1) AS ticks FROM gaps GROUP BY stream
) AS missing ON missing.stream = streams.id
"""
_PAGES = "PRAGMA integrity_check(10)"
_REFERENCES = "PRAGMA foreign_key_check"
_WHOLE = "ok"


class DatabaseCounter:
    """The Counter; each reading is on a connection of its own, and sees one moment."""

    def contents(self, database: Path) -> Contents:
        with explained(database), _reading(database) as connection:
            meta = dict(connection.execute(_META))
            newest = connection.execute(_AUDIT).fetchone()
            return Contents(
                cluster_id=meta["cluster"],
                mark=int(meta["mark"]),
                version=int(meta["version"]),
                tables=dict(zip(TABLES, _row(connection, _TABLES), strict=True)),
                accounts=_accounts(connection),
                audit=Head(*newest) if newest else BEGINNING,
                last_batch=connection.execute(_LAST_BATCH).get,
            )

    def head(self, database: Path, first: int, last: int) -> HeadRows:
        with explained(database), _reading(database) as connection:
            return HeadRows(*_row(connection, _HEAD, first=first, last=last))

    def audit_hash(self, database: Path, number: int) -> str:
        with explained(database), _reading(database) as connection:
            return str(connection.execute(_AUDIT_HASH, {"number": number}).get or "")

    def faults(self, database: Path) -> Sequence[str]:
        with explained(database), _reading(database) as connection:
            found = [text for (text,) in connection.execute(_PAGES) if text != _WHOLE]
            return found or [f"a row of {table} refers to none" for table, *_ in connection.execute(_REFERENCES)]


@contextmanager
def _reading(database: Path) -> Iterator[apsw.Connection]:
    connection = open_reader(database)
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _row(connection: apsw.Connection, statement: str, **bindings: int) -> tuple[Any, ...]:
    """Return the one row that an aggregate has."""
    return next(iter(connection.execute(statement, bindings)))


def _accounts(connection: apsw.Connection) -> Mapping[int, Account]:
    return {key: Account(*ends) for key, *ends in connection.execute(_ACCOUNTS)}
