"""The services of identity over any barrier, with the aggregator's real issuer or one that signs nothing real."""

from collections.abc import Callable, Sequence

from sysmon_agent.clock import Clock
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.certificates import Issuer
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide

ADDRESSES = ("sysmon.example:7443",)


def no_host(wanted: str) -> Host:
    raise NotFoundError(f"There is no host {wanted!r}.")


def identity_side(
    state: IdentityState,
    identities: Identities,
    barrier: Barrier,
    clock: Clock,
    *,
    issuer: Issuer | None,
    settings: EnrolmentSettings | None = None,
    addresses: Sequence[str] = ADDRESSES,
    known_host: Callable[[str], Host] = no_host,
) -> IdentitySide:
    """Put the services together as the composition root does, for the region "local"."""
    settings = settings or EnrolmentSettings()
    certificates = Certificates(
        identities, barrier, clock, region="local", issuer=issuer, settings=settings, addresses=addresses
    )
    return IdentitySide.over(state, certificates, barrier, clock, settings=settings, known_host=known_host)
