"""The console's pages and the JSON API."""

from sysmon_appliance.web.console.app import create_app
from sysmon_appliance.web.console.forwarding import standby_app
from sysmon_appliance.web.console.guard import ViaSocket
from sysmon_appliance.web.console.passing import Followed
from sysmon_appliance.web.console.telemetry import Telemetry
from sysmon_appliance.web.console.waiting import waiting_app

__all__ = ["Followed", "Telemetry", "ViaSocket", "create_app", "standby_app", "waiting_app"]
