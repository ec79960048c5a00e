"""The listener that agents push to: TLS with client certificates, and two routes."""

from sysmon_appliance.web.ingest.metrics import Refusals
from sysmon_appliance.web.ingest.server import IngestServer, ingest_server
from sysmon_appliance.web.ingest.tls import live_context

__all__ = ["IngestServer", "Refusals", "ingest_server", "live_context"]
