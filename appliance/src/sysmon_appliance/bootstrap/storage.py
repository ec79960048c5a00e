"""The parts that keep history: they write segments, look after them, read them, and say how they fare."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from sysmon_appliance.bootstrap.backups import backups_of
from sysmon_appliance.bootstrap.ground import Ground, Lasting
from sysmon_appliance.compactor.process import CompactorProcess
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.domain.backups import BackupService
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.jobs import JobRunner
from sysmon_appliance.domain.segments import ManifestReader
from sysmon_appliance.domain.storekeeping import ObjectStoreState, Storekeeper, Workshop
from sysmon_appliance.objectstore.cached import CachedShelf
from sysmon_appliance.objectstore.configured import shelf_settings
from sysmon_appliance.objectstore.shelves import Shelf
from sysmon_appliance.segments.checks import check_rows
from sysmon_appliance.segments.reader import SegmentReader
from sysmon_appliance.segments.staging import StagingFolder
from sysmon_appliance.services.backups import LeaderBackups
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.expiry import Expiry
from sysmon_appliance.services.import_storing import Bookkeeping, ImportStoring
from sysmon_appliance.services.imported_hosts import ImportedHosts
from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.publishing import Publishing
from sysmon_appliance.services.remembered import Remembered, recall
from sysmon_appliance.services.segment_side import Parts, SegmentSide
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.storage import Kept, Storage, disk_of
from sysmon_appliance.services.storage_side import StorageSide
from sysmon_appliance.services.store_watch import StoreWatch
from sysmon_appliance.services.upkeep import Segments, Upkeep


@dataclass(frozen=True, slots=True)
class History:
    """What runs from start to end: `lasting` where history is written, `watching` where it is only read."""

    segments: SegmentSide
    reader: SegmentReader
    side: StorageSide
    lasting: Sequence[Lasting]
    watching: Sequence[Lasting]

    @classmethod
    def over(cls, ground: Ground, catalog: Catalog, series: SeriesCatalog) -> Self:
        database = ground.database
        parts = _parts(ground)
        segments = SegmentSide.over(parts, database.state, ground.settings)
        upkeep = _upkeep(ground, parts, segments)
        retention = recall(database.state.retention, ground.settings.retention, ground.clock.wall_ms())
        books = Bookkeeping(database.manifest, segments.changes, catalog, series, ground.barrier)
        imports = _imports(ground, books, parts.runner, workshop=segments.keeper)
        backups = backups_of(ground)
        watching = _store_watch(ground.shelf)
        return cls(
            segments=segments,
            reader=SegmentReader(database.manifest, ground.shelf, upkeep.reports.report),
            side=StorageSide(_storage(ground, catalog, segments.keeper, retention), upkeep, imports, backups),
            lasting=(
                segments.keeper.run,
                segments.removal.run,
                upkeep.reports.run,
                upkeep.checking.run,
                imports.run,
                *watching,
                *_publishing(ground.shelf, database.manifest),
                *_drills(backups),
                _expiry(ground, catalog, segments, retention).run,
            ),
            watching=watching,
        )


def _parts(ground: Ground) -> Parts:
    settings, database, shelf = ground.settings, ground.database, shelf_settings(ground.settings)
    place = Workplace(
        live=database.path,
        drafts=Path(shelf.folder) / f"drafts-{database.state.cluster_id}",
        shelf=shelf,
        cluster_id=database.state.cluster_id,
        file_bytes=settings.segments.file_bytes,
    )
    return Parts(database.manifest, database.usage, ground.shelf, CompactorProcess(place), ground.barrier, ground.clock)


def _upkeep(ground: Ground, parts: Parts, segments: SegmentSide) -> Upkeep:
    return Upkeep.over(
        Segments(parts.manifest, segments.changes, ground.shelf, check_rows),
        ground.barrier,
        ground.clock,
        runner=parts.runner,
        workshop=segments.keeper,
        last_check=ground.database.state.check,
        check_days=ground.settings.segments.check_days,
    )


def _expiry(ground: Ground, directory: HostDirectory, segments: SegmentSide, retention: Remembered) -> Expiry:
    return Expiry(
        segments.keeper,
        ground.database.manifest,
        segments.changes,
        directory,
        retention=retention,
        barrier=ground.barrier,
        clock=ground.clock,
    )


def _storage(ground: Ground, directory: HostDirectory, keeper: Storekeeper, retention: Remembered) -> Storage:
    settings, database, shelf = ground.settings, ground.database, ground.shelf
    kept = Kept(
        database.manifest,
        has_local=shelf.has_local,
        head=database.contents,
        disk=partial(disk_of, Path(shelf_settings(settings).folder)),
        object_store=partial(_object_store, shelf),
    )
    return Storage(
        kept,
        keeper,
        directory,
        barrier=ground.barrier,
        clock=ground.clock,
        retention=retention,
        settings=settings.segments,
    )


def _imports(ground: Ground, books: Bookkeeping, runner: JobRunner, *, workshop: Workshop) -> Imports:
    settings, cluster_id = ground.settings, ground.database.state.cluster_id
    area = StagingFolder(Path(shelf_settings(settings).folder) / f"imports-{cluster_id}")
    area.clear()
    return Imports(
        area,
        ImportStoring(books, runner=runner, workshop=workshop),
        ImportedHosts(books.catalog, ground.barrier, ground.clock, most=settings.enrolment.max_hosts),
        barrier=ground.barrier,
        clock=ground.clock,
        series_per_host=settings.limits.series_per_host,
    )


def _store_watch(shelf: Shelf) -> Sequence[Lasting]:
    return (StoreWatch(shelf.ask).run,) if isinstance(shelf, CachedShelf) else ()


def _publishing(shelf: Shelf, manifest: ManifestReader) -> Sequence[Lasting]:
    return (Publishing(shelf, manifest).run,) if isinstance(shelf, CachedShelf) else ()


def _drills(backups: BackupService) -> Sequence[Lasting]:
    return (backups.drills.run,) if isinstance(backups, LeaderBackups) else ()


def _object_store(shelf: Shelf) -> ObjectStoreState | None:
    return ObjectStoreState(shelf.objects.url, shelf.objects.answers) if isinstance(shelf, CachedShelf) else None
