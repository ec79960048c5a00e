"""uvicorn's configuration of the ingest listener, with what its protocol needs."""

import uvicorn
from starlette.applications import Starlette

from sysmon_agent.clock import Clock
from sysmon_appliance.config import IngestSettings
from sysmon_appliance.services.agent_side import AgentSide
from sysmon_appliance.web.servers import COMMON


class IngestConfig(uvicorn.Config):
    """Parts that uvicorn hands to each connection, since it makes them itself."""

    def __init__(
        self,
        app: Starlette,
        protocol: type,
        *,
        side: AgentSide,
        clock: Clock,
        settings: IngestSettings,
    ) -> None:
        self.side = side
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
