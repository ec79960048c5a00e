"""Group commit: many changes, one transaction, one fsync.

One group is in the writer's hands while the next gathers. All bookkeeping happens on the event loop, so there is no
moment at which a group has failed and something new can still be judged against what it would have left behind: the
failed group and the one that gathered behind it are settled with the error in one step.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import GroupListener, GroupResult
from sysmon_appliance.domain.changes import Change, ChangeStore, Settle

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MANY = 250
"""A group this large goes to the writer without waiting for its time."""


class GroupCommit:
    """The barrier of a single aggregator: what its one database has committed is durable.

    It belongs to the event loop on which it is first used.
    """

    def __init__(self, store: ChangeStore, clock: Clock, *, gather_milliseconds: int) -> None:
        self._store = store
        self._clock = clock
        self._gather_seconds = gather_milliseconds / 1000
        self._gathering: list[tuple[tuple[Change, ...], Settle]] = []
        self._committing: list[tuple[tuple[Change, ...], Settle]] = []
        self._began = 0.0
        self._due = False
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[GroupListener] = []

    @property
    def waiting(self) -> int:
        """Submissions that are not settled yet."""
        return len(self._gathering) + len(self._committing)

    def listen(self, listener: GroupListener) -> None:
        self._listeners.append(listener)

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        self._gathering.append((changes, settle))
        if len(self._gathering) >= _MANY:
            self._flush()
        elif self._timer is None and not self._due:
            self._timer = asyncio.get_running_loop().call_later(self._gather_seconds, self._flush)

    async def close(self) -> None:
        """Commit what has been submitted; nothing may be submitted afterwards."""
        while self.waiting:
            self._flush()
            await asyncio.sleep(self._gather_seconds / 10)

    def _flush(self) -> None:
        """Hand the gathered group to the writer, or remember to when the writer is busy."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = bool(self._committing)
        if self._due or not self._gathering:
            return
        self._committing, self._gathering = self._gathering, []
        self._began = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        self._store.commit(
            [change for changes, _ in self._committing for change in changes],
            lambda error: _call(loop, self._settle, error),
        )

    def _settle(self, error: SysmonError | None) -> None:
        group, self._committing = self._committing, []
        result = GroupResult(len(group), self._clock.monotonic() - self._began, error)
        if error is not None:
            # What gathered behind the group was judged as if the group had succeeded.
            group += self._gathering
            self._gathering = []
        for _, settle in group:
            _guarded(settle, error)
        for listener in self._listeners:
            _guarded(listener, result)
        if self._due:
            self._flush()


def _call(
    loop: asyncio.AbstractEventLoop, function: Callable[[SysmonError | None], None], error: SysmonError | None
) -> None:
    try:
        loop.call_soon_threadsafe(function, error)
    except RuntimeError:  # the loop was closed while the writer worked: nobody is left to hear of it
        _log.debug("A group was committed after the event loop had ended.")


def _guarded(function: Callable[[_T], None], argument: _T) -> None:
    """Call a settler or listener; the failure of one never keeps the others from hearing."""
    try:
        function(argument)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("A listener of the group commit failed.")
