"""A region that hosts join: the services of identity over a store that a test lets wait or fail."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.certificates import Issuer, Presented
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.certificates import Granted
from sysmon_appliance.services.enrolment import Applicant, Waiting
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.join_tokens import TokenTerms
from sysmon_appliance.services.named_hosts import NamedHosts
from tests.support.clock import ManualClock
from tests.support.fake_issuer import FakeIssuer, FakeOwnCertificates, request
from tests.support.head import Directory
from tests.support.identity_side import identity_side
from tests.support.store import HeldStore, InstantStore

R = TypeVar("R")
T = TypeVar("T", bound=Change)

OPERATOR = Principal(Kind.USER, "olga", Role.OPERATOR, "192.0.2.1")


class Region:
    """The services over a store; `store` is an InstantStore unless a test brings another."""

    def __init__(
        self,
        state: IdentityState | None = None,
        *,
        store: InstantStore | HeldStore | None = None,
        hosts: tuple[Host, ...] = (),
        settings: EnrolmentSettings | None = None,
        issuer: Callable[[ManualClock], Issuer | None] = FakeIssuer,
    ) -> None:
        state = state or IdentityState()
        self.clock = ManualClock()
        self.store = store if store is not None else InstantStore()
        self.barrier = GroupCommit(self.store, self.clock, gather_milliseconds=1)
        self.own = FakeOwnCertificates()
        identities = Identities(state)
        self._known = {name: host for host in hosts for name in (host.host_id, host.name)}
        self.side = identity_side(
            state,
            identities,
            self.barrier,
            self.clock,
            issuer=issuer(self.clock),
            hosts=NamedHosts(identities, Directory(list(hosts)), self._find),
            own=self.own,
            settings=settings,
        )
        self.identities = identities

    def _find(self, wanted: str) -> Host:
        if wanted not in self._known:
            raise NotFoundError(f"There is no host {wanted!r}.")
        return self._known[wanted]

    async def token(self, **terms: Any) -> str:
        """Make a token and return its text; good for an hour and one host unless a test says otherwise."""
        _, text = await self.side.tokens.create(TokenTerms(**{"ttl_seconds": 3600, "uses": 1} | terms), OPERATOR)
        return text

    async def enrol(self, text: str, key: str = "k1", *, replace_host: str = "") -> Granted | Waiting:
        return await self.side.enrolment.enrol(text, an_applicant(key), replace_host=replace_host)

    async def let_in(self, text: str, key: str = "k1", *, replace_host: str = "") -> Granted:
        """Enrol a host that needs nobody's approval."""
        granted = await self.enrol(text, key, replace_host=replace_host)
        assert isinstance(granted, Granted)
        return granted

    async def wait(self, text: str, key: str = "k1", *, replace_host: str = "") -> str:
        """Let a host ask, and return the id of its request, which waits."""
        waiting = await self.enrol(text, key, replace_host=replace_host)
        assert isinstance(waiting, Waiting)
        return waiting.request.id

    def fail(self, error: SysmonError | None) -> None:
        """Let every commit fail with this error from now on; None ends that."""
        assert isinstance(self.store, InstantStore)
        self.store.error = error

    def check(self, granted: Granted) -> None:
        """Ask as every request does whether a certificate counts."""
        self.side.certificates.check(holder(granted), self.clock.wall_ms())

    @property
    def audited(self) -> list[str]:
        """The actions in the audit log."""
        return [change.action for change in self.committed(AppendAudit)]

    def committed(self, kind: type[T]) -> list[T]:
        return [change for change in self.store.committed if isinstance(change, kind)]


def an_applicant(key: str) -> Applicant:
    return Applicant(request(key), f"host-{key}", "192.0.2.7")


def holder(granted: Granted) -> Presented:
    """Return who shows a certificate that was granted."""
    certificate = granted.certificate
    peer = Peer("local", AGENT, certificate.host_id)
    return Presented(peer, certificate.serial, certificate.issuer, certificate.public_key, certificate.expires_ms)


async def begun(work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
    """Start something, and let it come to the point at which it waits for its commit."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    return task


async def held(store: HeldStore) -> None:
    """Wait until the store holds a group."""
    async with asyncio.timeout(20):
        while not store.held:  # noqa: ASYNC110 - the store knows nothing of the loop
            await asyncio.sleep(0.001)


async def finish(store: HeldStore, error: SysmonError | None = None) -> None:
    """Let the group that gathers be committed, or fail."""
    await held(store)
    store.finish(error)
