"""Databases as they were at some moment."""

from pathlib import Path

import apsw


def copy_of(database: Path, target: Path) -> Path:
    """Copy a database that may be written meanwhile, as it is at this moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source, copy = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY), apsw.Connection(str(target))
    with copy.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step()
    copy.close()
    source.close()
    return target
