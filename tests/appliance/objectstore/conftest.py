"""The same objects in every kind of store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.objects import Objects
from sysmon_appliance.objectstore.patience import Patience
from sysmon_appliance.objectstore.s3 import ObstoreObjects, s3_objects
from sysmon_appliance.objectstore.settings import ShelfSettings
from sysmon_appliance.objectstore.shelves import Shelf
from tests.support.clock import ManualClock
from tests.support.garage import BUCKET, running_garage
from tests.support.objects import MemoryObjects


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShelfSettings]:
    """Settings of a bucket in a real store."""
    with running_garage(tmp_path_factory.mktemp("garage")) as garage:
        yield ShelfSettings(
            folder="",
            cache_bytes=1 << 30,
            url=f"s3://{BUCKET}/region",
            endpoint=garage.endpoint,
            region="garage",
            access_key_id=garage.access_key_id,
            secret_access_key=garage.secret_access_key,
            timeout_seconds=10,
        )


KINDS = ("twin", "obstore in memory", "obstore in a folder", "garage")


@pytest.fixture(params=KINDS)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """An empty store."""
    return _objects(request, tmp_path)


@pytest.fixture(params=("folder", *KINDS))
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty shelf over the folder `segments`: that alone, or before one of the stores."""
    folder = FolderShelf(tmp_path / "segments")
    if request.param == "folder":
        return folder
    return CachedShelf(Patience(_objects(request, tmp_path), ManualClock()), folder, cache_bytes=1 << 30)


def _objects(request: pytest.FixtureRequest, folder: Path) -> Objects:
    match request.param:
        case "twin":
            return MemoryObjects()
        case "obstore in memory":
            return ObstoreObjects(MemoryStore(), "memory://")
        case "obstore in a folder":
            return ObstoreObjects(LocalStore(folder / "bucket", mkdir=True), "file://bucket")
    real = s3_objects(request.getfixturevalue("bucket"))
    for name in real.names():
        real.delete(name)
    return real
