"""Which shelf the settings ask for."""

from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.patience import Patience
from sysmon_appliance.objectstore.settings import ShelfSettings

Shelf = FolderShelf | CachedShelf


def shelf_of(settings: ShelfSettings, clock: Clock) -> Shelf:
    """Make the shelf, and its folder of mode 0700 where it is not there yet.

    Raises
    ------
    StorageError
        The folder cannot be made.
    """
    folder = FolderShelf(Path(settings.folder))
    if not settings.url:
        return folder
    from sysmon_appliance.objectstore.s3 import s3_objects  # noqa: PLC0415 - it loads obstore

    return CachedShelf(Patience(s3_objects(settings), clock), folder, cache_bytes=settings.cache_bytes)
