"""Carrying over what a restore to a moment must not undo, from the database that is given up into the restored one.

Going back takes back what was stored; it never takes back that somebody was shut out, that a certificate exists, or
that something was done and by whom. So, in one transaction:

- identities, certificates, requests to join and revoked intermediates are as they are now;
- join tokens that could still be used are void, for how often they were used since is not known any more;
- of users, passwords and whoever was shut out stay as they are now; roles are the lesser of the two; who was removed
  since is there again, and shut out; sessions, links and invitations end;
- API tokens that are gone stay gone;
- the audit log goes on: all that was added since, and an entry about the restore;
- segments that the moment did not know are out of force from now on, so that their files wait as those of any other
  dropped segment do, and what is damaged stays known to be so;
- numbers that rise do not fall.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.errors import ReplicaBrokenError, StorageError
from sysmon_appliance.sqlite.changes import apply
from sysmon_appliance.sqlite.connection import explained, open_writer
from sysmon_appliance.sqlite.migrate import migrate, migrations

_ATTACH = "ATTACH DATABASE :path AS now"
# Of another cluster, or of a history that parted from this one otherwise than by a restore: its log tells.
_PARTED = """
SELECT 1 WHERE (SELECT value FROM main.meta WHERE name = 'cluster') IS NOT
    (SELECT value FROM now.meta WHERE name = 'cluster')
UNION ALL
SELECT 1 FROM (SELECT number, hash FROM main.audit ORDER BY number DESC LIMIT 1) AS newest
WHERE newest.hash IS NOT (SELECT hash FROM now.audit WHERE number = newest.number)
"""

# Both databases have the schema of this release, so columns are in the same order.
_UNITE_PKI = (
    "INSERT OR REPLACE INTO main.identities SELECT * FROM now.identities",
    "INSERT OR REPLACE INTO main.certificates SELECT * FROM now.certificates",
    "INSERT OR REPLACE INTO main.enrolments SELECT * FROM now.enrolments",
    "INSERT OR REPLACE INTO main.revoked_issuers SELECT * FROM now.revoked_issuers",
    "INSERT OR REPLACE INTO main.meta SELECT * FROM now.meta WHERE name IN ('renew_before_ms', 'drill')",
)
_VOID_TOKENS = """
UPDATE main.join_tokens SET revoked_ms = :at_ms WHERE revoked_ms = 0 AND used < uses AND expires_ms > :at_ms
"""
_UNITE_USERS = (
    """
    UPDATE main.users SET
        password = known.password,
        disabled = max(users.disabled, known.disabled),
        role = CASE
            WHEN 'viewer' IN (users.role, known.role) THEN 'viewer'
            WHEN 'operator' IN (users.role, known.role) THEN 'operator'
            ELSE 'admin'
        END
    FROM now.users AS known WHERE known.name = users.name
    """,
    "UPDATE main.users SET disabled = 1 WHERE name NOT IN (SELECT name FROM now.users)",
    "UPDATE main.users SET invitation_hash = '', invitation_expires_ms = 0",
    "DELETE FROM main.api_tokens WHERE id NOT IN (SELECT id FROM now.api_tokens)",
    "DELETE FROM main.sessions",
    "DELETE FROM main.links",
)
_CONTINUE_AUDIT = (
    "INSERT INTO main.audit SELECT * FROM now.audit WHERE number > (SELECT coalesce(max(number), 0) FROM main.audit)",
    "INSERT OR REPLACE INTO main.audit_head SELECT * FROM now.audit_head",
)
_NOTE_DAMAGE = """
UPDATE main.segments SET damaged_ms = known.damaged_ms FROM now.segments AS known WHERE known.name = segments.name
"""
_SET_ASIDE_SEGMENTS = """
INSERT INTO main.segments (name, kind, level, start_ms, end_ms, first_host, last_host, hosts, ticks, samples, bytes,
    sha256, created_ms, damaged_ms, dropped_ms)
SELECT name, kind, level, start_ms, end_ms, first_host, last_host, hosts, ticks, samples, bytes,
    sha256, created_ms, damaged_ms, :at_ms
FROM now.segments WHERE name NOT IN (SELECT name FROM main.segments)
"""
_RAISE = """
UPDATE main.meta SET value = max(CAST(meta.value AS INTEGER), CAST(known.value AS INTEGER)) + 1
FROM now.meta AS known WHERE known.name = meta.name AND meta.name IN ('mark', 'version')
"""
_RAISE_EPOCH = """
UPDATE main.meta SET value = max(CAST(meta.value AS INTEGER), CAST(known.value AS INTEGER))
FROM now.meta AS known WHERE known.name = meta.name AND meta.name = 'epoch'
"""
_SEGMENTS_IN_FORCE = "SELECT name FROM segments WHERE dropped_ms = 0"


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What `Restoration` calls once the database that is given up is closed."""

    restored: Path
    entry: AppendAudit  # says who went back to what; its time is the restore's

    def __call__(self, given_up: Path) -> None:
        """Make the restored database one that can be led with; all of it or nothing.

        Raises
        ------
        ReplicaBrokenError
            The restored database is of another history.
        StorageError
            One of the two cannot be read, or the restored one not be written.
        """
        with explained(self.restored), _both(self.restored, given_up, self.entry.time_ms) as connection:
            if connection.execute(_PARTED).get is not None:
                raise ReplicaBrokenError(
                    "What was restored is of another history: its audit log is not the beginning of today's.",
                    hint="sysmon audit verify",
                )
            with connection:
                _unite(connection, self.entry.time_ms)
                apply(connection, [self.entry])


class RestoredFile:
    """Reads and readies databases that were restored; calls block."""

    def prepare(self, restored: Path, *, now_ms: int) -> frozenset[str]:
        """Bring a database to this release's schema; return the names of the segments that it has in force.

        Raises
        ------
        StorageError
            It cannot be used, or was written by a later release.
        """
        with explained(restored):
            connection = open_writer(restored)
            try:
                migrate(connection, migrations(), now_ms=now_ms)
                return frozenset(name for (name,) in connection.execute(_SEGMENTS_IN_FORCE))
            finally:
                connection.close()

    def carrying_over(self, restored: Path, entry: AppendAudit) -> CarryOver:
        """Return what carries over into a database that was prepared."""
        return CarryOver(restored, entry)


def _unite(connection: apsw.Connection, at_ms: int) -> None:
    at: dict[str, Any] = {"at_ms": at_ms}
    for statement in (*_UNITE_PKI, *_UNITE_USERS, *_CONTINUE_AUDIT, _NOTE_DAMAGE, _RAISE, _RAISE_EPOCH):
        connection.execute(statement)
    for statement in (_VOID_TOKENS, _SET_ASIDE_SEGMENTS):
        connection.execute(statement, at)


@contextmanager
def _both(restored: Path, given_up: Path, now_ms: int) -> Iterator[apsw.Connection]:
    """Open the restored database to be written, with the other one, which is only read, beside it."""
    if not given_up.exists():  # SQLite would make it
        raise StorageError(f"There is no database {given_up}.", hint=f"ls -l {given_up.parent}")
    connection = open_writer(restored)
    try:
        migrate(connection, migrations(), now_ms=now_ms)
        connection.execute(_ATTACH, {"path": str(given_up)})
        yield connection
    finally:
        connection.close()
