"""uvicorn's configuration of the ingest listener, with what its protocol needs."""

from typing import Protocol

import uvicorn
from starlette.applications import Starlette

from sysmon_agent.clock import Clock
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.config import IngestSettings
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.services.ingest import Link, Push
from sysmon_appliance.web.servers import COMMON


class Taker(Protocol):
    """Takes batches."""

    def submit(self, push: Push) -> None:
        """Take a batch; its `answer` is called once, now or later."""

    def leave(self, peer: Peer, link: Link) -> None:
        """Forget a connection that has ended."""


class Doorkeeper(Protocol):
    """Judges certificates that TLS has verified."""

    @property
    def region(self) -> str:
        """Whose certificates may count at all."""

    def check(self, holder: Presented, now_ms: int) -> None:
        """Let pass a certificate that counts at this moment; raises a RefusedError for any other."""

    def wants_renewal(self, holder: Presented) -> bool:
        """Whether its agent is to be asked for a new one."""


class IngestConfig(uvicorn.Config):
    """Parts that uvicorn hands to each connection, since it makes them itself."""

    def __init__(
        self,
        app: Starlette,
        protocol: type,
        *,
        taker: Taker,
        doorkeeper: Doorkeeper,
        clock: Clock,
        settings: IngestSettings,
    ) -> None:
        self.taker = taker
        self.doorkeeper = doorkeeper
        self.clock = clock
        self.settings = settings
        super().__init__(
            app,
            http=protocol,
            date_header=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=5,
            **COMMON,
        )
