"""SysMonitor's agent: everything that runs on a monitored host."""

__version__ = "0.1.0"
"""The distribution's version; a constant because reading it from metadata would load the email package."""
