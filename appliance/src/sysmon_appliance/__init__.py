"""SysMonitor's appliance: aggregator, web console and operator commands."""

__version__ = "0.1.0"
"""The distribution's version, which is the agent's too."""
