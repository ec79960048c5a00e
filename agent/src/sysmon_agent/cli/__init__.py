"""The command `sysmon-agent`."""

from sysmon_agent.cli.app import main

__all__ = ["main"]
