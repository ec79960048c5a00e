"""How the live database fares, as its commits and its filesystem tell."""

import shutil
from collections.abc import Callable
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier, GroupResult
from sysmon_appliance.domain.health import StorageState
from sysmon_appliance.sqlite.live import FILE_NAME


class DatabaseHealth:
    """The StorageHealth of the database in a folder; it learns from each group of changes."""

    def __init__(self, folder: Path, barrier: Barrier, clock: Clock, *, waiting: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._waiting = waiting
        self._trouble = ""
        self._last_commit_ms: int | None = None
        barrier.listen(self._note)

    def state(self) -> StorageState:
        return StorageState(
            writable=not self._trouble,
            detail=self._trouble,
            last_commit_ms=self._last_commit_ms,
            waiting=self._waiting(),
            database_bytes=sum(file.stat().st_size for file in self._folder.glob(f"{FILE_NAME}*")),
            free_bytes=shutil.disk_usage(self._folder).free,
        )

    def _note(self, group: GroupResult) -> None:
        if group.error is None:
            self._trouble = ""
            self._last_commit_ms = self._clock.wall_ms()
        else:
            self._trouble = group.error.message
