"""The copies of the replica that a standby follows: the one that it shows, and the next one in the making."""

import logging
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.domain.replica import FollowedCopy, ReplicaStore
from sysmon_appliance.services.live_folders import LiveFolders

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Between two attempts to follow, so that no row of programs is started while the store is gone."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of one epoch's path."""

    epoch: int
    path: str
    followed: FollowedCopy


class Copies:
    """Belongs to the event loop, in the main thread. What is shown stays until the next one can be read."""

    def __init__(self, store: ReplicaStore, folders: LiveFolders, clock: Clock) -> None:
        self._store = store
        self._folders = folders
        self._clock = clock
        self._not_before = 0.0
        self._shown: Copy | None = None
        self._next: Copy | None = None

    def follow(self, lineage: Lineage | None) -> None:
        """Let the next copy be of this lineage's path, unless the one that is shown is."""
        if lineage is None:
            return
        for copy in (self._shown, self._next):
            if copy is not None and copy.path == lineage.path and copy.followed.alive:
                return
        now = self._clock.monotonic()
        if now >= self._not_before:
            self._not_before = now + _PAUSE_SECONDS
            self._drop_next()
            self._begin(lineage)

    @property
    def has_next(self) -> bool:
        """Whether there is a copy that can be read and is not shown yet."""
        return self._next is not None and self._next.followed.txid > 0

    def take(self) -> Copy | None:
        """Show the next copy, if it can be read; return the one to be shown."""
        if self.has_next:
            self._wipe(self._shown)
            self._shown, self._next = self._next, None
        return self._shown

    def lose(self) -> None:
        """Give up the copy that is shown."""
        self._wipe(self._shown)
        self._shown = None

    def drop(self) -> None:
        """Give up everything: this node leads, or ends."""
        self.lose()
        self._drop_next()

    def _begin(self, lineage: Lineage) -> None:
        try:
            followed = self._store.follow(lineage.path, self._folders.new_copy())
        except (SysmonError, OSError) as error:
            _log.warning("The replica cannot be followed.", extra={"path": lineage.path, "detail": str(error)})
            return
        self._next = Copy(lineage.epoch, lineage.path, followed)

    def _drop_next(self) -> None:
        self._wipe(self._next)
        self._next = None

    def _wipe(self, copy: Copy | None) -> None:
        if copy is not None:
            copy.followed.wipe()
            self._folders.discard(copy.followed.path.parent)
