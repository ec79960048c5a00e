"""Databases as they were at some moments, and a replica that restores them."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.replica import FollowedCopy, Reach, Replication
from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError


def copy_of(database: Path, target: Path) -> Path:
    """Copy a database that may be written meanwhile, as it is at this moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source, copy = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY), apsw.Connection(str(target))
    with copy.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step()
    copy.close()
    source.close()
    return target


@dataclass(frozen=True)
class Moment:
    path: str
    txid: int
    at_ms: int
    file: Path


@dataclass
class MomentsReplica:
    """A ReplicaStore of moments that a test has kept; nothing can be written to it."""

    folder: Path
    moments: list[Moment] = field(default_factory=list)
    error: SysmonError | None = None  # what everything fails with
    asked: list[str] = field(default_factory=list)  # paths whose reach was asked for

    def keep(self, database: Path, path: str, at_ms: int) -> int:
        """Keep a database as it is now; return the position."""
        txid = 1 + sum(moment.path == path for moment in self.moments)
        file = copy_of(database, self.folder / f"{path}-{txid}")
        self.moments.append(Moment(path, txid, at_ms, file))
        return txid

    def restore(self, path: str, target: Path, *, txid: int = 0, at_ms: int = 0) -> int:
        if self.error is not None:
            raise self.error
        fitting = [
            moment
            for moment in self.moments
            if moment.path == path and (not txid or moment.txid <= txid) and (not at_ms or moment.at_ms <= at_ms)
        ]
        if not fitting or target.exists():
            raise ReplicaBrokenError(f"Nothing of {path} can be restored.", hint="sysmon backup list")
        shutil.copy(fitting[-1].file, target)
        return fitting[-1].txid

    def reach(self, path: str) -> Reach | None:
        self.asked.append(path)
        own = [moment for moment in self.moments if moment.path == path]
        return Reach(path, own[0].at_ms, own[-1].at_ms, own[-1].txid) if own else None

    def paths(self) -> Sequence[str]:
        return sorted({moment.path for moment in self.moments})

    def remove(self, path: str) -> None:
        self.moments = [moment for moment in self.moments if moment.path != path]

    def replicate(self, database: Path, path: str) -> Replication:
        raise ReplicaUnreachableError(f"Moments take nothing: neither {path} nor {database}.")

    def follow(self, path: str, folder: Path) -> FollowedCopy:
        raise ReplicaUnreachableError(f"Moments do not go on: {path} cannot be followed in {folder}.")
