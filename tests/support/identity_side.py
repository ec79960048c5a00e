"""The services of identity over any barrier, put together as the composition root does."""

from sysmon_agent.clock import Clock
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.authorities import OwnCertificates
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.certificates import Issuer
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.identity_side import IdentitySide
from sysmon_appliance.services.named_hosts import NamedHosts
from tests.support.fake_issuer import FakeOwnCertificates
from tests.support.head import Directory

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
    hosts: NamedHosts | None = None,
    own: OwnCertificates | None = None,
    settings: EnrolmentSettings | None = None,
) -> IdentitySide:
    """Put the services together for the region "local"."""
    settings = settings or EnrolmentSettings()
    certificates = Certificates(
        identities, barrier, clock, region="local", issuer=issuer, settings=settings, addresses=lambda: ADDRESSES
    )
    return IdentitySide.over(
        state,
        certificates,
        barrier,
        clock,
        own=own or FakeOwnCertificates(),
        hosts=hosts or NamedHosts(identities, Directory([]), no_host),
        settings=settings,
    )
