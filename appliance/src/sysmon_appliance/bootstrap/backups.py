"""What can be restored: the parts of a leader's drills and restores, and what a standby shows of them."""

from collections.abc import Callable

from sysmon_agent.clock import Clock
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.replicated import Replicated
from sysmon_appliance.domain.backups import BackupService, TermControl
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.replica import LineageBook, ReplicaStore
from sysmon_appliance.errors import NotLeaderError
from sysmon_appliance.services.backups import Epochs, LeaderBackups, NoBackups, StandbyBackups
from sysmon_appliance.services.drilling import Bench, Drills
from sysmon_appliance.services.restoring import Present, Restoration
from sysmon_appliance.sqlite.counting import DatabaseCounter
from sysmon_appliance.sqlite.restoring import RestoredFile


def backups_of(ground: Ground) -> BackupService:
    """Return what takes orders about backups where this aggregator may change everything."""
    if ground.replicated is None or ground.terms is None:
        return NoBackups()
    replica = ground.replicated
    return LeaderBackups(
        Epochs(replica.store, replica.book, ground.clock, current=lambda: replica.path),
        _drills(ground, replica),
        _restoration(ground, replica, ground.terms),
    )


def standby_backups(
    store: ReplicaStore,
    book: LineageBook,
    clock: Clock,
    *,
    current: Callable[[], str],
    drill: Callable[[], Drill | None],
    refuse: Callable[[], NotLeaderError],
) -> BackupService:
    """Return what shows backups on a standby: `current` is the path that it follows, `drill` what its copy tells."""
    return StandbyBackups(Epochs(store, book, clock, current=current), drill, refuse)


def _drills(ground: Ground, replica: Replicated) -> Drills:
    bench = Bench(
        replica.store,
        replica.path,
        DatabaseCounter(),
        live=ground.database.path,
        scratch=replica.folders.folder / "drill",
    )
    return Drills(
        bench,
        ground.barrier,
        ground.clock,
        last=ground.database.state.drill,
        every_hours=ground.settings.replica.drill_hours,
        on_passed=replica.folders.forget_aside,
    )


def _restoration(ground: Ground, replica: Replicated, terms: TermControl) -> Restoration:
    return Restoration(
        replica.store,
        RestoredFile(),
        Present(ground.database.path, ground.database.manifest, ground.shelf.names),
        terms=terms,
        clock=ground.clock,
        new_folder=replica.folders.new_copy,
    )
