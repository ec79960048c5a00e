"""Getting ready to lead before the lock is free: a handoff then takes as long as its last transactions.

What is led with is still restored from the replica into a fresh folder, and checked; it is only begun earlier.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.domain.replica import FollowedCopy, ReplicaStore
from sysmon_appliance.services.leading import Claim
from sysmon_appliance.services.live_folders import SINGLE_NAME, LiveFolders

_log = logging.getLogger(__name__)

_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05


class Preparation:
    """A copy in the making of what this node will lead with, if it is handed the lead.

    Parameters
    ----------
    check
        Raises a SysmonError where a database is not whole; blocks.
    """

    def __init__(
        self, store: ReplicaStore, folders: LiveFolders, clock: Clock, *, check: Callable[[Path], None]
    ) -> None:
        self._store = store
        self._folders = folders
        self._clock = clock
        self._check = check
        self._copy: FollowedCopy | None = None
        self._folder = Path()
        self._path = ""

    def begin(self, lineage: Lineage) -> None:
        """Begin to follow, unless this was begun already; call it in the main thread, again and again."""
        if self._copy is not None and self._path == lineage.path:
            return
        self.drop()
        try:
            self._folder = self._folders.new_copy()
            self._copy, self._path = self._store.follow(lineage.path, self._folder), lineage.path
        except (SysmonError, OSError):
            _log.warning("A handoff cannot be prepared for.", exc_info=True)

    def is_ready(self, lineage: Lineage) -> bool:
        """Whether the copy has come as far as the lineage."""
        copy = self._copy
        return copy is not None and copy.alive and self._path == lineage.path and copy.txid >= lineage.txid

    def drop(self) -> None:
        """Give up what was begun; fine where nothing was."""
        copy, self._copy, self._path = self._copy, None, ""
        if copy is not None:
            copy.wipe()
            self._folders.discard(self._folder)

    def take(self, claim: Claim) -> Path | None:
        """Return the folder of the epoch with everything that the lineage names; None where it has to be restored."""
        copy, lineage = self._copy, claim.lineage
        if copy is None or lineage is None or self._path != lineage.path:
            self.drop()
            return None
        try:
            return self._taken(copy, claim, lineage)
        except (SysmonError, OSError):
            _log.warning("What was prepared cannot be led with.", exc_info=True)
            self.drop()
            return None

    def _taken(self, copy: FollowedCopy, claim: Claim, lineage: Lineage) -> Path | None:
        pause = Event()
        until = self._clock.monotonic() + _WAIT_SECONDS
        while copy.txid < lineage.txid:
            if not copy.alive or self._clock.monotonic() > until:
                self.drop()
                return None
            pause.wait(_POLL_SECONDS)
        copy.stop()
        self._check(copy.path)
        folder = self._folders.new(claim.path)
        try:
            copy.path.rename(folder / SINGLE_NAME)
        except OSError:
            self._folders.discard(folder)
            raise
        self._copy, self._path = None, ""
        self._folders.discard(self._folder)
        _log.info("The live database was prepared before.", extra={"path": lineage.path, "txid": lineage.txid})
        return folder
