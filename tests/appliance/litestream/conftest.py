"""The same replica in every kind of place."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.domain.replica import FollowedCopy, ReplicaStore, Replication, path_of
from sysmon_appliance.litestream.children import Litestream
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.programs import LitestreamProgram, find_litestream
from sysmon_appliance.litestream.store import LitestreamStore
from sysmon_appliance.objectstore.local import LocalObjects
from sysmon_appliance.objectstore.objects import FolderedObjects
from sysmon_appliance.objectstore.s3 import s3_objects
from sysmon_appliance.objectstore.settings import ShelfSettings
from tests.support.clusters.garage import GarageCluster
from tests.support.ha.databases import Ledger
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.tools import program

PATH = path_of(1)


@pytest.fixture(scope="session")
def litestream_program() -> LitestreamProgram:
    return find_litestream(str(program("litestream")))


@pytest.fixture(scope="session")
def bucket(garage_nodes: GarageCluster) -> ReplicaLocation:
    """A replica's place in a real object store."""
    settings: dict[str, Any] = {**garage_nodes.settings(garage_nodes.nodes[0], "region/live")}
    return ReplicaLocation(**settings)


@pytest.fixture
def folder(tmp_path: Path) -> ReplicaLocation:
    """A replica's place in a folder."""
    return ReplicaLocation((tmp_path / "replica").as_uri())


@pytest.fixture(params=("twin", "folder", "garage"))
def store(request: pytest.FixtureRequest) -> ReplicaStore:
    """An empty replica."""
    if request.param == "twin":
        return FakeReplicaStore()
    location = request.getfixturevalue("folder" if request.param == "folder" else "bucket")
    return store_at(location, request.getfixturevalue("litestream_program"))


def litestream_at(location: ReplicaLocation, program: LitestreamProgram) -> Litestream:
    return Litestream(program, location, SystemClock(), os.environ)


def store_at(location: ReplicaLocation, litestream: LitestreamProgram) -> LitestreamStore:
    """Make the real part over an empty place."""
    objects = _objects(location)
    for path in list(objects.folders()):
        objects.remove_folder(path)
    return LitestreamStore(litestream_at(location, litestream), objects, keep_hours=72, follow_milliseconds=100)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A live database with one entry."""
    made = Ledger(tmp_path / "leader" / "live.sqlite")
    made.write(1)
    yield made
    made.close()


Replicate = Callable[[Ledger, str], Replication]
Follow = Callable[[str], FollowedCopy]


@pytest.fixture
def replicate(store: ReplicaStore) -> Iterator[Replicate]:
    """Begin to replicate; what was begun ends with the test."""
    with contextlib.ExitStack() as closing:

        def begin(ledger: Ledger, path: str = PATH) -> Replication:
            replication = store.replicate(ledger.path, path)
            closing.callback(replication.kill)
            return replication

        yield begin


@pytest.fixture
def follow(store: ReplicaStore, tmp_path: Path) -> Iterator[Follow]:
    """Begin to follow in an empty folder; what was begun ends with the test."""
    with contextlib.ExitStack() as closing:

        def begin(path: str = PATH) -> FollowedCopy:
            place = tmp_path / "following"
            place.mkdir(exist_ok=True)
            copy = store.follow(path, place)
            closing.callback(copy.wipe)
            return copy

        yield begin


def _objects(location: ReplicaLocation) -> FolderedObjects:
    if location.is_folder:
        return LocalObjects(Path(location.folder))
    return s3_objects(
        ShelfSettings(
            folder="",
            cache_bytes=0,
            url=location.url,
            endpoint=location.endpoint,
            region=location.region,
            access_key_id=location.access_key_id,
            secret_access_key=location.secret_access_key,
        )
    )
