"""A replica in memory, over real SQLite databases, that can be unreachable, slow, torn and written by two at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from sysmon_agent.clock import Clock, SystemClock
from sysmon_appliance.domain.replica import Reach
from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError

_KEPT = 200
"""So many states of a path are kept; a restore to a moment before them finds the oldest."""

FILE_NAME = "live.sqlite"


@dataclass(frozen=True, slots=True)
class State:
    """A database as it was at one position."""

    txid: int
    wall_ms: int
    content: bytes


@dataclass(slots=True)
class PathTwin:
    """What lies in one path, and who has to do with it."""

    states: list[State] = field(default_factory=list)
    writers: set["ReplicationTwin"] = field(default_factory=set)  # all that ever put something here
    copies: list["CopyTwin"] = field(default_factory=list)
    is_damaged: bool = False

    @property
    def is_forked(self) -> bool:
        """Whether two have written here: nothing that can be restored is what either of them meant."""
        return len(self.writers) > 1

    @property
    def txid(self) -> int:
        return self.states[-1].txid if self.states else 0


class FakeReplicaStore:
    """The twin of LitestreamStore. `is_down` makes the store unreachable for all; `found` has the paths."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.is_down = False
        self.found: dict[str, PathTwin] = {}

    def replicate(self, database: Path, path: str) -> "ReplicationTwin":
        return ReplicationTwin(self, database, self.found.setdefault(path, PathTwin()))

    def restore(self, path: str, target: Path, *, txid: int = 0, at_ms: int = 0) -> int:
        self.check()
        twin = self.found.get(path, PathTwin())
        if twin.is_damaged or twin.is_forked:
            raise ReplicaBrokenError(f"Path {path} of the replica cannot be restored.")
        fitting = [state for state in twin.states if not at_ms or state.wall_ms <= at_ms]
        if not fitting or fitting[-1].txid < txid:
            raise ReplicaBrokenError(f"Path {path} of the replica holds less than that.")
        assert not target.exists(), "a restore never replaces a file"
        target.write_bytes(fitting[-1].content)
        return fitting[-1].txid

    def follow(self, path: str, folder: Path) -> "CopyTwin":
        twin = self.found.setdefault(path, PathTwin())
        copy = CopyTwin(folder / FILE_NAME)
        twin.copies.append(copy)
        if twin.states and not self.is_down:
            copy.take(twin.states[-1])
        return copy

    def reach(self, path: str) -> Reach | None:
        self.check()
        states = self.found.get(path, PathTwin()).states
        return Reach(path, states[0].wall_ms, states[-1].wall_ms, states[-1].txid) if states else None

    def paths(self) -> Sequence[str]:
        self.check()
        return sorted(path for path, twin in self.found.items() if twin.states)

    def remove(self, path: str) -> None:
        self.check()
        self.found.pop(path, None)

    def check(self) -> None:
        if self.is_down:
            raise ReplicaUnreachableError("The replica is down.")


class ReplicationTwin:
    """The twin of LitestreamReplication; while `is_paused`, it answers nothing."""

    def __init__(self, store: FakeReplicaStore, database: Path, path: PathTwin) -> None:
        self._store = store
        self._database = database
        self._path = path
        self._digest = b""
        self.is_paused = False
        self.alive = True

    def sync(self) -> int:
        if not self.alive or self.is_paused:
            raise ReplicaUnreachableError("Litestream does not answer.")
        self._store.check()
        content = _content(self._database)
        digest = hashlib.sha256(content).digest()
        if digest != self._digest:
            self._upload(content)
            self._digest = digest
        return self._path.txid

    def kill(self) -> None:
        self.alive = False

    def _upload(self, content: bytes) -> None:
        path = self._path
        path.writers.add(self)
        path.states.append(State(path.txid + 1, self._store.clock.wall_ms(), content))
        del path.states[:-_KEPT]
        for copy in path.copies:
            copy.take(path.states[-1])


class CopyTwin:
    """The twin of LitestreamCopy; while `is_paused`, it stands still, and `tear` breaks it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.txid = 0
        self.alive = True
        self.is_paused = False

    def take(self, state: State) -> None:
        """Become what a path holds now, whatever reader has the file open."""
        if not self.alive or self.is_paused:
            return
        draft = self.path.with_name("draft")
        draft.write_bytes(state.content)
        draft.replace(self.path)
        self.txid = state.txid

    def tear(self) -> None:
        """Be half of one state and half of another, as after a file that broke off."""
        self.alive = False
        content = self.path.read_bytes()
        self.path.write_bytes(content[: len(content) // 2])

    def stop(self) -> None:
        if not self.alive:
            raise ReplicaBrokenError("The copy is torn.")
        self.alive = False

    def wipe(self) -> None:
        self.alive = False
        self.txid = 0
        self.path.unlink(missing_ok=True)


def _content(database: Path) -> bytes:
    """Return all that is committed, as one file that needs no WAL beside it."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        content = bytearray(connection.serialize("main"))
    finally:
        connection.close()
    content[18:20] = b"\x01\x01"  # it is read under the lock of a database without WAL
    return bytes(content)
