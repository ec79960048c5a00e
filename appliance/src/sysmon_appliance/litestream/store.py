"""All paths of a region in one place, through Litestream and beside it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from sysmon_appliance.domain.replica import Reach
from sysmon_appliance.errors import ReplicaUnreachableError, StoreUnreachableError
from sysmon_appliance.litestream.children import HINT, Litestream
from sysmon_appliance.litestream.following import LitestreamCopy
from sysmon_appliance.litestream.replication import LitestreamReplication
from sysmon_appliance.litestream.restore import reach, restore

_PATH = re.compile(r"epoch-\d{8,}-[0-9a-f]{16}")


class Folders(Protocol):
    """The folders of a place; both raise a StoreUnreachableError where it does not answer."""

    def folders(self) -> Iterator[str]:
        """Yield the names of those that anything lies in."""

    def remove_folder(self, folder: str) -> None:
        """Delete all that lies in one; one that is gone already is fine."""


class LitestreamStore:
    """The ReplicaStore.

    Parameters
    ----------
    paths
        The same place as Litestream is told, for what Litestream has no command for.
    follow_milliseconds
        How often a copy looks for something new.
    """

    def __init__(self, litestream: Litestream, paths: Folders, *, keep_hours: int, follow_milliseconds: int) -> None:
        self._litestream = litestream
        self._paths = paths
        self._keep_hours = keep_hours
        self._follow_milliseconds = follow_milliseconds

    def replicate(self, database: Path, path: str) -> LitestreamReplication:
        return LitestreamReplication(self._litestream, database, path, keep_hours=self._keep_hours)

    def restore(self, path: str, target: Path, *, txid: int = 0, at_ms: int = 0) -> int:
        return restore(self._litestream, path, target, txid=txid, at_ms=at_ms)

    def follow(self, path: str, folder: Path) -> LitestreamCopy:
        return LitestreamCopy(self._litestream, path, folder, interval_milliseconds=self._follow_milliseconds)

    def reach(self, path: str) -> Reach | None:
        return reach(self._litestream, path)

    def paths(self) -> Sequence[str]:
        try:
            return sorted(filter(_PATH.fullmatch, self._paths.folders()))
        except StoreUnreachableError as error:
            raise ReplicaUnreachableError(error.message, hint=HINT) from error

    def remove(self, path: str) -> None:
        try:
            self._paths.remove_folder(path)
        except StoreUnreachableError as error:
            raise ReplicaUnreachableError(error.message, hint=HINT) from error
