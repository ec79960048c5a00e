"""Room for databases that are restored beside the one that lives."""

import shutil
from pathlib import Path

from sysmon_appliance.errors import StorageFullError

_SPARE_BYTES = 64 << 20
"""A restore leaves so much free: the database that lives must never want for room because of it."""


def check_room(live: Path, folder: Path) -> None:
    """Refuse where a folder has no room for a copy of a database, and for what is written while it is made.

    Raises
    ------
    StorageFullError
        It has not.
    """
    size = sum(file.stat().st_size for file in live.parent.glob(f"{live.name}*") if file.is_file())
    free = shutil.disk_usage(folder).free
    if free < 2 * size + _SPARE_BYTES:
        raise StorageFullError(
            f"{free >> 20} MB are free; to restore {size >> 20} MB, twice as much and"
            f" {_SPARE_BYTES >> 20} MB more must be.",
            hint=f"df {folder}",
        )
