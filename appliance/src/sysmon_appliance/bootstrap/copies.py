"""The copies of the replica that a standby follows: the one that it shows, and the next one in the making."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.domain.replica import FollowedCopy, ReplicaStore
from sysmon_appliance.services.live_folders import LiveFolders

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Between two attempts to follow, so that no row of programs is started while the store is gone."""

_STALLED_SECONDS = 30.0
"""A copy of which nothing has come for so long is begun anew: Litestream itself waits on for a store that froze."""


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
        self._arrived = (0, 0.0)  # how many bytes of the next one there were when there were more, in monotonic seconds

    def follow(self, lineage: Lineage | None) -> None:
        """Let the next copy be of this lineage's path, unless the one that is shown is."""
        if lineage is None:
            return
        now = self._clock.monotonic()
        for copy in (self._shown, self._next):
            if copy is not None and copy.path == lineage.path and copy.followed.alive and not self._stalls(copy, now):
                return
        if now >= self._not_before:
            self._not_before = now + _PAUSE_SECONDS
            self._drop_next()
            self._begin(lineage)

    def _stalls(self, copy: Copy, now: float) -> bool:
        """Whether a copy in the making gets no further."""
        if copy is not self._next or self.has_next:
            return False
        arrived, since = _bytes_in(copy.followed.path.parent), self._arrived[1]
        if arrived != self._arrived[0]:
            self._arrived = (arrived, now)
            return False
        return now - since > _STALLED_SECONDS

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
        self._arrived = (0, self._clock.monotonic())

    def _drop_next(self) -> None:
        self._wipe(self._next)
        self._next = None

    def _wipe(self, copy: Copy | None) -> None:
        if copy is not None:
            copy.followed.wipe()
            self._folders.discard(copy.followed.path.parent)


def _bytes_in(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except FileNotFoundError:  # a file was renamed meanwhile
        return -1
