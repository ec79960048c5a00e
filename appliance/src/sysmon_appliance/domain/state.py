"""What an aggregator knows when it starts: everything that its live database holds, except the batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.integrity import Check
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.domain.series import Use
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.domain.users import UsersState


@dataclass(frozen=True, slots=True)
class State:
    """Each sequence is in order of row number, unless it is said otherwise."""

    cluster_id: str
    epoch: int  # this start's own; higher than that of any start before
    hosts: Sequence[Host]
    schemas: Sequence[KnownSchema]
    streams: Sequence[Stream]
    next_batch: int  # the row number of the next batch
    mark: int = 0  # the newest Mark
    sealed_up_to: int = 0  # the row number of the newest batch that is in a segment
    segments: Sequence[Segment] = ()  # dropped ones included
    retention: str = ""  # as the newest NoteRetention has it
    uses: Sequence[Use] = ()  # of schemas by hosts; in no order
    check: Check | None = None  # how the newest check of segments ended
    drill: Drill | None = None  # how the newest drill ended
    identity: IdentityState = field(default_factory=IdentityState)
    users: UsersState = field(default_factory=UsersState)
