"""Everything that can be asked and ordered of stored history, and of backups."""

from dataclasses import dataclass, field

from sysmon_appliance.domain.backups import BackupService
from sysmon_appliance.domain.state import State
from sysmon_appliance.services.backups import NoBackups
from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.storage import Storage
from sysmon_appliance.services.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class StorageSide:
    """The services behind the routes of storage and backups; `imports.run` and what `upkeep` says last."""

    storage: Storage
    upkeep: Upkeep
    imports: Imports
    backups: BackupService = field(default_factory=NoBackups)

    def reload(self, state: State) -> None:
        """Know what the leader has noted."""
        self.storage.reload(state.retention)
        self.upkeep.checking.reload(state.check)
