"""Everything that agents talk to, put together for their listener."""

from dataclasses import dataclass

from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.enrolment import Enrolment
from sysmon_appliance.services.ingest import Ingest
from sysmon_appliance.services.limits import RequestLimits


@dataclass(frozen=True, slots=True)
class AgentSide:
    """The services behind the listener of agents."""

    ingest: Ingest
    certificates: Certificates
    enrolment: Enrolment
    limits: RequestLimits
