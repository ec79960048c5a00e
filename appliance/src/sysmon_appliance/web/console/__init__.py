"""The console's pages and the JSON API."""

from sysmon_appliance.web.console.app import base_url, create_app
from sysmon_appliance.web.console.guard import ViaSocket
from sysmon_appliance.web.console.sessions import SessionFile
from sysmon_appliance.web.console.telemetry import Telemetry

__all__ = ["SessionFile", "Telemetry", "ViaSocket", "base_url", "create_app"]
