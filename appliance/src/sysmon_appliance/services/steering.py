"""Orders that people give about who leads: recorded first, then given."""

import logging
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.leadership import Handoff
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.topology import Topology
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)


_ANYBODY = "whoever is best prepared"


@dataclass(frozen=True, slots=True)
class Steering:
    """Belongs to the event loop; of several aggregators it is the leader's that orders a handoff."""

    topology: Topology
    barrier: Barrier
    clock: Clock

    async def hand_off(self, principal: Principal, to: str) -> Handoff:
        """Order that another node leads; with an empty name, the one that is best prepared.

        Raises
        ------
        ConflictError
            Something stands against it; nothing was recorded.
        NotLeaderError, CoordinatorUnreachableError, StorageFullError, StorageFailedError
            It could not be recorded, or not be ordered.
        """
        self._check(to)
        entry = audited(principal, "ha.handoff", to or _ANYBODY, now_ms=self.clock.wall_ms())
        await commit(self.barrier, (entry,))
        return await self.topology.hand_off(to)

    async def adopt(self, principal: Principal) -> None:
        """Begin a region with the database of this machine; there is no audit log yet that could record it.

        Raises
        ------
        ConflictError
            As Topology.adopt says.
        """
        await self.topology.adopt()
        _log.warning("A region was begun with this machine's database.", extra={"actor": principal.actor})

    async def recover(self, principal: Principal, path: str) -> None:
        """Lead with a path of the replica; until it leads there is no audit log that could record it.

        Raises
        ------
        ConflictError, NotFoundError
            As Topology.recover says.
        """
        await self.topology.recover(path)
        _log.warning("A path of the replica was chosen to lead with.", extra={"actor": principal.actor, "path": path})

    def _check(self, to: str) -> None:
        failed = [check.detail for check in self.topology.check_handoff(to) if not check.ok]
        if failed:
            raise ConflictError(f"The lead cannot be handed over: {' '.join(failed)}", hint="sysmon ha status")
