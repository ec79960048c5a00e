"""`litestream replicate` beside the leader's live database."""

import logging
import math
import shutil
import tempfile
from pathlib import Path
from threading import Event, Lock

from sysmon_appliance.errors import ReplicaUnreachableError
from sysmon_appliance.litestream.children import HINT, Litestream
from sysmon_appliance.litestream.config import Replicated, replication_config
from sysmon_appliance.litestream.control import ControlError, Synced, request_sync

_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5


class LitestreamReplication:
    """The Replication of one database to one path.

    Its settings and its socket lie in `folder`, one of the system's for temporary files: the name of a socket may have
    108 bytes, and that of the live database's folder is the operator's choice.
    """

    def __init__(self, litestream: Litestream, database: Path, path: str, *, keep_hours: int) -> None:
        self._database = database
        self._path = path
        self._clock = litestream.clock
        self._seconds = litestream.location.timeout_seconds
        self._txid = 0
        self._asking = Lock()
        self._killed = Event()
        self.folder = Path(tempfile.mkdtemp(prefix="sysmon-"))  # of mode 0700
        self._socket = self.folder / "socket"
        replicated = Replicated(database, litestream.location.replica(path), self._socket, keep_hours)
        config = self.folder / "litestream.yml"
        config.write_text(replication_config(replicated), encoding="utf-8")
        try:
            self._child = litestream.start("replicate", "replicate", "-no-expand-env", "-config", str(config))
        except ReplicaUnreachableError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        _log.info("The live database is being replicated.", extra={"path": path})

    @property
    def process_id(self) -> int:
        """Of Litestream."""
        return self._child.process_id

    @property
    def alive(self) -> bool:
        return self._child.alive

    def kill(self) -> None:
        self._killed.set()
        self._child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sync(self) -> int:
        with self._asking:
            self._txid = self._sync(self._clock.monotonic() + self._seconds)
            return self._txid

    def _sync(self, until: float) -> int:
        """Ask until everything is there: right after its start it is not listening, and does not know the database."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._checked(request_sync(self._socket, self._database, seconds=self._left(until)))
            except ControlError as error:
                if not self.alive:
                    raise self._failed("it has ended") from error
                if self._clock.monotonic() > until:
                    raise self._failed(str(error)) from error
            self._killed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _checked(self, synced: Synced) -> int:
        if synced.txid < self._txid:
            raise self._failed(f"its position fell from {self._txid} to {synced.txid}")
        if synced.replicated_txid < synced.txid:
            raise ControlError(f"the replica has {synced.replicated_txid} of {synced.txid}")
        return synced.replicated_txid

    def _failed(self, reason: str) -> ReplicaUnreachableError:
        return ReplicaUnreachableError(f"Litestream cannot bring path {self._path} up to date: {reason}.", hint=HINT)

    def _left(self, until: float) -> int:
        """Return the seconds until then, in full; at least one, for 0 would mean its own time-out."""
        return max(math.ceil(until - self._clock.monotonic()), 1)
