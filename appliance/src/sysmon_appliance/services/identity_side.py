"""Everything that decides which hosts are of the region, put together over one memory of them."""

from dataclasses import dataclass
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.authorities import OwnCertificates
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.enrolment import Enrolment
from sysmon_appliance.services.forgetting import Forgetting
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.join_requests import JoinRequests
from sysmon_appliance.services.join_tokens import JoinTokens
from sysmon_appliance.services.named_hosts import NamedHosts
from sysmon_appliance.services.revocation import Revocation
from sysmon_appliance.services.rotation import Rotation


@dataclass(frozen=True, slots=True)
class IdentitySide:
    """One service per subject."""

    identities: Identities
    certificates: Certificates
    tokens: JoinTokens
    requests: JoinRequests
    enrolment: Enrolment
    revocation: Revocation
    rotation: Rotation
    hosts: NamedHosts
    forgetting: Forgetting

    def reload(self, state: IdentityState) -> None:
        """Know what a state tells, and nothing else."""
        self.identities.reload(state)
        self.tokens.reload(state)
        self.requests.reload(state)

    @classmethod
    def over(
        cls,
        state: IdentityState,
        certificates: Certificates,
        barrier: Barrier,
        clock: Clock,
        *,
        own: OwnCertificates,
        hosts: NamedHosts,
        settings: EnrolmentSettings,
    ) -> Self:
        identities = certificates.identities
        tokens = JoinTokens(state, certificates, barrier, clock)
        requests = JoinRequests(state, barrier, clock)
        return cls(
            identities=identities,
            certificates=certificates,
            tokens=tokens,
            requests=requests,
            enrolment=Enrolment(
                requests, tokens, certificates, barrier, clock=clock, find_host=hosts.find, settings=settings
            ),
            revocation=Revocation(identities, barrier, clock),
            rotation=Rotation(identities, own, barrier, clock),
            hosts=hosts,
            forgetting=Forgetting(identities, tokens, requests, barrier, clock=clock),
        )
