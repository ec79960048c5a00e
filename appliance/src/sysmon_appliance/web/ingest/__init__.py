"""The listener of agents: it lets hosts in, keeps their certificates, and takes what they push."""

from sysmon_appliance.web.ingest.metrics import Refusals
from sysmon_appliance.web.ingest.peers import PeerSide
from sysmon_appliance.web.ingest.server import IngestServer, ingest_server
from sysmon_appliance.web.ingest.standing_by import standing_by_server
from sysmon_appliance.web.ingest.tls import live_context

__all__ = ["IngestServer", "PeerSide", "Refusals", "ingest_server", "live_context", "standing_by_server"]
