"""Which shelf the settings ask for."""

from dataclasses import dataclass, field
from pathlib import Path

from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.domain.segments import SegmentShelf
from sysmon_appliance.objectstore.folder import FolderShelf


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """All that it takes to make a shelf, in plain values that travel as JSON to the compacting process."""

    folder: str
    cache_bytes: int
    url: str = ""
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    timeout_seconds: int = 60


def shelf_settings(settings: AggregatorSettings) -> ShelfSettings:
    """Pick out of all settings what the shelf needs."""
    store = settings.object_store
    return ShelfSettings(
        folder=settings.segments.folder or str(Path(settings.data).parent / "segments"),
        cache_bytes=settings.segments.cache_bytes,
        url=store.url,
        endpoint=store.endpoint,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key,
        timeout_seconds=store.timeout_seconds,
    )


def shelf_of(settings: ShelfSettings) -> SegmentShelf:
    """Make the shelf, and its folder of mode 0700 where it is not there yet.

    Raises
    ------
    StorageError
        The folder cannot be made.
    """
    return FolderShelf(Path(settings.folder))
