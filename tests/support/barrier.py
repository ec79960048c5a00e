"""A Barrier that makes changes durable at once, unless a test lets it fail."""

from dataclasses import dataclass, field

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.barrier import GroupListener
from sysmon_appliance.domain.changes import Change, Settle


@dataclass
class InstantBarrier:
    """`committed` lists what was made durable, in order; while `error` is set, everything fails with it."""

    committed: list[Change] = field(default_factory=list)
    error: SysmonError | None = None

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        if self.error is None:
            self.committed += changes
        settle(self.error)

    def listen(self, listener: GroupListener) -> None:
        del listener  # nothing waits here, so there are no groups to tell of

    @property
    def audited(self) -> list[AppendAudit]:
        """The entries for the audit log."""
        return [change for change in self.committed if isinstance(change, AppendAudit)]
