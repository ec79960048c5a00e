"""What can be restored: the parts of a leader's drills and restores, and what a standby shows of them."""

from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.bootstrap.replicated import Replicated
from sysmon_appliance.domain.backups import BackupService, TermControl
from sysmon_appliance.services.backups import Epochs, LeaderBackups, NoBackups, StandbyBackups
from sysmon_appliance.services.drilling import SCRATCH, Bench, Drills
from sysmon_appliance.services.restoring import Present, Restoration
from sysmon_appliance.sqlite.counting import DatabaseCounter
from sysmon_appliance.sqlite.restoring import RestoredFile


def backups_of(ground: Ground) -> BackupService:
    """Return what takes orders about backups, or on a standby shows them."""
    replica = ground.replicated
    if replica is None:
        return NoBackups()
    if ground.terms is None:
        assert ground.refuse is not None  # noqa: S101 - it is a standby's
        return StandbyBackups(
            Epochs(replica.store, replica.book, ground.clock, current=lambda: replica.path),
            lambda: ground.database.state.drill,
            ground.refuse,
        )
    return LeaderBackups(
        Epochs(replica.store, replica.book, ground.clock, current=lambda: replica.path),
        _drills(ground, replica),
        _restoration(ground, replica, ground.terms),
    )


def _drills(ground: Ground, replica: Replicated) -> Drills:
    bench = Bench(
        replica.store,
        replica.path,
        DatabaseCounter(),
        live=ground.database.path,
        scratch=replica.folders.folder / f"{SCRATCH}{replica.path}",
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
