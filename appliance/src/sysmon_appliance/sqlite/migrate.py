"""Numbered migrations, each applied once, in one transaction with its own record.

Files are never edited after a release; release N only adds, and N+1 removes, so that two releases can read one file.
"""

from dataclasses import dataclass
from importlib import resources

import apsw

from sysmon_appliance.errors import StorageError

_CREATE = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT
"""
_NEWEST = "SELECT coalesce(max(number), 0) FROM migrations"
_RECORD = "INSERT INTO migrations (number, name, applied_ms) VALUES (:number, :name, :applied_ms)"


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Read the migrations of this release, in order."""
    folder = resources.files("sysmon_appliance.sqlite").joinpath("migrations")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(int(file.name[:4]), file.name, file.read_text("utf-8")) for file in files]


def migrate(connection: apsw.Connection, known: list[Migration], *, now_ms: int) -> None:
    """Bring a database to this release's schema.

    Raises
    ------
    StorageError
        The database was written by a later release.
    """
    connection.execute(_CREATE)
    newest = connection.execute(_NEWEST).get
    if newest > known[-1].number:
        raise StorageError(
            f"The live database has schema {newest}; this release knows {known[-1].number} at most.",
            hint="python -m pip install --upgrade sysmon-appliance",
        )
    for migration in known:
        if migration.number > newest:
            _apply(connection, migration, now_ms)


def check_release(connection: apsw.Connection, known: list[Migration]) -> None:
    """Refuse a database that lacks what this release reads; one of the next release has it all.

    Raises
    ------
    StorageError
        It was written by an earlier release, which whoever only reads cannot migrate.
    """
    newest = connection.execute(_NEWEST).get
    if newest < known[-1].number:
        raise StorageError(
            f"The leader's database has schema {newest}, and this release reads {known[-1].number}:"
            " the leader has to be upgraded, too.",
            hint="sysmon ha status",
        )


def _apply(connection: apsw.Connection, migration: Migration, now_ms: int) -> None:
    with connection:
        connection.execute(migration.sql)
        record = {"number": migration.number, "name": migration.name, "applied_ms": now_ms}
        connection.execute(_RECORD, record)
