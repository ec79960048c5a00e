"""A ChangeStore whose commits happen when a test says so, and fail when it says so."""

from collections.abc import Sequence

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.changes import Change, Settle


class HeldStore:
    """Holds each group until `finish`; `committed` lists what was committed, in order."""

    def __init__(self) -> None:
        self.committed: list[Change] = []
        self.held: list[tuple[Sequence[Change], Settle]] = []

    def commit(self, changes: Sequence[Change], settle: Settle) -> None:
        self.held.append((changes, settle))

    def finish(self, error: SysmonError | None = None) -> None:
        """Commit the group that is held, or let it fail."""
        changes, settle = self.held.pop(0)
        if error is None:
            self.committed += changes
        settle(error)


class InstantStore:
    """Commits each group at once, or fails it while `error` is set."""

    def __init__(self) -> None:
        self.committed: list[Change] = []
        self.error: SysmonError | None = None

    def commit(self, changes: Sequence[Change], settle: Settle) -> None:
        if self.error is None:
            self.committed += changes
        settle(self.error)
