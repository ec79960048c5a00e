"""A leader that answers what a standby passes on as a test says."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.leadership import Holder
from sysmon_appliance.web.console import Followed, ViaSocket, standby_app
from sysmon_appliance.web.peers import Answered, Passed
from tests.support.console import URL, Console
from tests.support.topology import FIRST

DONE = ((b"content-type", b"application/json"), (b"sysmon-mark", b"7"))


@dataclass
class LeaderInMemory:
    """Answers what is passed on as a test says; `mark` is what the standby has read."""

    headers: Sequence[tuple[bytes, bytes]] = DONE
    error: SysmonError | None = None
    holder: Holder | None = field(default_factory=lambda: Holder(FIRST, 7))
    mark: int = 7
    age_ms: int | None = 800
    asked: list[tuple[str, Passed]] = field(default_factory=list)
    busy: threading.Event | None = None  # answers wait for it
    console: Console = field(default_factory=Console)  # the standby's

    def forward(self, address: str, request: Passed) -> Answered:
        self.asked.append((address, request))
        if self.busy is not None:
            assert self.busy.wait(20)
        if self.error is not None:
            raise self.error
        return Answered(202, self.headers, b"{}")

    def client(self, *, via_socket: bool = False) -> httpx2.AsyncClient:
        """Make a client of a standby of this leader."""
        console = self.console
        followed = Followed(self, lambda: self.holder, lambda: self.mark, lambda: self.age_ms)
        app = standby_app(console.app, followed, console.settings)
        transport = httpx2.ASGITransport(ViaSocket(app) if via_socket else app, client=("192.0.2.7", 4711))
        return httpx2.AsyncClient(transport=transport, base_url=URL)

    @property
    def request(self) -> Passed:
        """What was passed on last."""
        return self.asked[-1][1]

    def heard(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.request.headers if given == name]
