"""Whether a leader should go on leading."""

from dataclasses import dataclass
from enum import Enum

from sysmon_appliance.domain.leadership import Standing

STUCK_SECONDS = 15.0
"""A leader that has made nothing durable, or stored nothing, for so long lets another node try."""


class Ending(Enum):
    """Why a leader's term ends."""

    STOP = "stop"  # the process is asked to end
    FENCED = "fenced"  # another node leads, or may
    STUCK = "stuck"  # it cannot make durable, or store, and another node may be able to
    REBASE = "rebase"  # it goes on, in a new epoch on a new path, with the database that it has
    HANDOFF = "handoff"  # another node is prepared to lead
    RESTORE = "restore"  # it goes on with an older state, as it was ordered


@dataclass(frozen=True, slots=True)
class Sight:
    """What a leader sees at one moment."""

    now: float  # monotonic seconds
    lease_until: float  # until when nobody else can hold our lock
    standing: Standing | None  # read since the coordinator answers again; None while it does not
    epoch: int
    node: str
    replicating: bool  # whether Litestream runs
    stuck_seconds: float  # for how long nothing was made durable
    failing_seconds: float  # for how long nothing could be stored
    standby_ready: bool
    replica_fault: bool  # a standby has found the path broken
    heard: int = 0  # the highest epoch that an agent has told of, where that is believed


def judge(sight: Sight) -> Ending | None:
    """Say how the term is to end now; None to go on.

    While the coordinator does not answer nobody can have taken over, or nobody can say so: the leader goes on storing
    and acknowledges nothing as durable.
    """
    standing = sight.standing
    if standing is None:
        return None
    if standing.epoch < sight.epoch:
        # What was read is older than our lock; or the coordinator has lost its data, and our session before that: then
        # replication was stopped, and nothing that is stored here can ever become durable.
        return None if sight.replicating else Ending.FENCED
    if standing.epoch > sight.epoch or (standing.holder is not None and standing.holder.node.name != sight.node):
        return Ending.FENCED
    if standing.holder is None or not sight.replicating or sight.replica_fault or sight.heard > sight.epoch:
        return Ending.REBASE if sight.now < sight.lease_until else None
    if sight.standby_ready and max(sight.stuck_seconds, sight.failing_seconds) > STUCK_SECONDS:
        return Ending.STUCK
    return None


@dataclass(slots=True)
class Heard:
    """What agents tell of higher epochs; believed once in a while, for anybody could say so."""

    epoch: int = 0
    believed_from: float = 0.0  # monotonic
    rest_seconds: float = 60.0

    def believed(self, now: float) -> int:
        return self.epoch if now >= self.believed_from else 0

    def acted(self, now: float) -> None:
        """Do not act on it again for a while, each time longer."""
        self.believed_from, self.rest_seconds = now + self.rest_seconds, self.rest_seconds * 2
