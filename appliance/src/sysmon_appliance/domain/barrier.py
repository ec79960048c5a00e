"""The one gate that every change of state passes: nobody hears that something is done before it lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.changes import Change, Settle


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What became of one group of changes."""

    entries: int  # submissions in it
    seconds: float  # from the writer's start to its answer
    error: SysmonError | None


GroupListener = Callable[[GroupResult], None]
"""Called on the event loop after everything in a group was settled."""


class Barrier(Protocol):
    """Makes changes durable. What durable means depends on how many aggregators there are; callers need not know."""

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        """Call `settle` on the event loop once the changes, and all that were submitted before them, are durable.

        It is called in order of submission; with a StorageFullError or StorageFailedError where they are not durable,
        and never will be unless submitted again. When a group fails, everything submitted after it fails with it,
        before anything new can be submitted.
        """

    def listen(self, listener: GroupListener) -> None:
        """Call `listener` after each group from now on."""
