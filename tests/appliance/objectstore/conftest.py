"""The same objects in every kind of store."""

from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.local import LocalObjects
from sysmon_appliance.objectstore.objects import FolderedObjects
from sysmon_appliance.objectstore.patience import Patience
from sysmon_appliance.objectstore.s3 import ObstoreObjects, s3_objects
from sysmon_appliance.objectstore.settings import ShelfSettings
from sysmon_appliance.objectstore.shelves import Shelf
from tests.support.clock import ManualClock
from tests.support.clusters.garage import GarageCluster
from tests.support.objects import MemoryObjects


@pytest.fixture(scope="session")
def bucket(garage_nodes: GarageCluster) -> ShelfSettings:
    """Settings of a bucket in a real store."""
    settings = garage_nodes.settings(garage_nodes.nodes[0], "objects")
    return ShelfSettings(folder="", cache_bytes=1 << 30, timeout_seconds=10, **settings)


KINDS = ("twin", "files", "obstore in memory", "obstore in a folder", "garage")


@pytest.fixture(params=KINDS)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> FolderedObjects:
    """An empty store."""
    return _objects(request, tmp_path)


@pytest.fixture(params=("folder", *KINDS))
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty shelf over the folder `segments`: that alone, or before one of the stores."""
    folder = FolderShelf(tmp_path / "segments")
    if request.param == "folder":
        return folder
    return CachedShelf(Patience(_objects(request, tmp_path), ManualClock()), folder, cache_bytes=1 << 30)


def _objects(request: pytest.FixtureRequest, folder: Path) -> FolderedObjects:
    match request.param:
        case "twin":
            return MemoryObjects()
        case "files":
            return LocalObjects(folder / "files")
        case "obstore in memory":
            return ObstoreObjects(MemoryStore(), "memory://")
        case "obstore in a folder":
            return ObstoreObjects(LocalStore(folder / "bucket", mkdir=True, automatic_cleanup=True), "file://bucket")
    real = s3_objects(request.getfixturevalue("bucket"))
    for name in real.names():
        real.delete(name)
    return real
