"""A region that hosts can join: the real listener and services, and what operators do with them."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.token import decode_token, encode_token
from sysmon_appliance.domain.enrolment import JoinRequest, RequestState
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.services.join_tokens import TokenTerms
from tests.support.ingest_server import Listener, listening
from tests.support.system import eventually

T = TypeVar("T")

OPERATOR = Principal(Kind.SOCKET, "root", Role.ADMIN)


@dataclass(frozen=True)
class Region:
    listener: Listener

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.port}"

    def token(self, *, addresses: tuple[str, ...] = (), **terms: Any) -> str:
        """Make a token that leads here, or to these addresses."""
        chosen = TokenTerms(**{"ttl_seconds": 3600, "uses": 1, **terms})
        _, text = self.do(self.listener.identity.tokens.create(chosen, OPERATOR))
        return encode_token(replace(decode_token(text), addresses=addresses or (self.address,)))

    def waiting(self) -> JoinRequest:
        """Return the only host that waits to be approved, as soon as there is one."""
        requests = self.listener.identity.requests
        eventually(lambda: requests.all(RequestState.WAITING), "a host waits to be approved")
        (request,) = requests.all(RequestState.WAITING)
        return request

    def approve(self) -> None:
        self.do(self.listener.identity.requests.approve(self.waiting().id, OPERATOR))

    def reject(self) -> None:
        self.do(self.listener.identity.requests.reject(self.waiting().id, OPERATOR))

    def hosts(self) -> set[str]:
        """List the host ids that have been let in."""
        return set(self.listener.identity.identities.settling.lasting)

    def accounts(self, host_id: str) -> list[LedgerEntry]:
        """List the accounts of a host's streams, of which something is stored."""
        catalog = self.listener.catalog
        host = catalog.find(host_id)
        return [entry for entry in catalog.entries() if host is not None and entry.host == host.key]

    def delivered(self, host_id: str) -> int:
        """Count the ticks of a host that are stored."""
        return sum(entry.stored for entry in self.accounts(host_id))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the listener's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.listener.loop).result(60)


@contextmanager
def region_in(folder: Path, **settings: Any) -> Iterator[Region]:
    """Run a region whose clock shows the time of day when it starts."""
    with listening(folder, **settings) as listener:
        listener.clock.wall = SystemClock().wall_ms()
        yield Region(listener)
