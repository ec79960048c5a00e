"""What was changed, by whom and from where: entries of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Principal


@dataclass(frozen=True, slots=True)
class AppendAudit(Change):
    """Add an entry; its number and its place in the chain of hashes are given where it is written."""

    time_ms: int
    actor: str
    origin: str
    action: str  # a noun and a verb, such as token.create
    target: str  # what was changed: an id or a name
    before: Mapping[str, Any] | None = None  # JSON values; never a secret
    after: Mapping[str, Any] | None = None


def audited(
    principal: Principal,
    action: str,
    target: str,
    *,
    now_ms: int,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AppendAudit:
    """Describe a change that is committed together with this entry."""
    return AppendAudit(now_ms, principal.actor, principal.origin, action, target, before, after)
