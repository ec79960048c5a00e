"""Everything that can be asked and ordered of stored history."""

from dataclasses import dataclass

from sysmon_appliance.services.imports import Imports
from sysmon_appliance.services.storage import Storage
from sysmon_appliance.services.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class StorageSide:
    """The services behind the routes of storage; `imports.run` and what `upkeep` says last."""

    storage: Storage
    upkeep: Upkeep
    imports: Imports
