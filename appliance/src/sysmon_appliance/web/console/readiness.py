"""Whether an aggregator can serve, with reasons."""

from collections.abc import Iterator

import msgspec

from sysmon_appliance.domain.health import StorageState
from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import NodeState

MIN_FREE_BYTES = 64 << 20
"""Less room than this, and the next commits may fail."""

OLDEST_MS = 10_000
"""What a standby shows may be so old that readers are still to be sent there."""

NOT_YET = {
    Role.WAITING: "This aggregator waits until a person decides what it is to lead with.",
    Role.TAKING_OVER: "This aggregator is about to lead, and restores what it will lead with.",
    Role.STANDBY: "This aggregator has no copy of the region's data yet.",
}
"""Why one that has no database serves nothing, by its role."""


class Check(msgspec.Struct, frozen=True):
    name: str
    ok: bool
    detail: str


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    checks: list[Check]

    @classmethod
    def of(cls, *checks: Check) -> "Readiness":
        return cls(all(check.ok for check in checks), list(checks))


def of_storage(state: StorageState, now_ms: int) -> Iterator[Check]:
    """Judge whether what comes can be stored."""
    age = "No commit yet." if state.last_commit_ms is None else f"{(now_ms - state.last_commit_ms) / 1000:.1f} s ago."
    room = state.free_bytes >= MIN_FREE_BYTES
    yield Check("database", state.writable, state.detail or "Writable.")
    yield Check("disk", room, f"{state.free_bytes >> 20} MiB free; {MIN_FREE_BYTES >> 20} MiB are needed.")
    yield Check("last_commit", ok=True, detail=age)


def of_role(state: NodeState) -> Iterator[Check]:
    """Judge whether one of several aggregators does what its role asks for; nothing of a single one."""
    match state.role:
        case Role.SINGLE:
            return
        case Role.LEADER:
            trouble = state.durable.trouble
            yield Check("durable", not trouble, trouble or "Changes become durable.")
        case Role.STANDBY if state.age_ms is not None:
            yield Check("copy", state.age_ms <= OLDEST_MS, f"What is shown here is {state.age_ms / 1000:.1f} s old.")
        case _:
            yield not_yet(state)


def not_yet(state: NodeState) -> Check:
    """Say why an aggregator without a database serves nothing."""
    return Check("role", ok=False, detail=NOT_YET.get(state.role, NOT_YET[Role.STANDBY]))
