"""The live database: one SQLite file, one writer, any number of readers."""

from sysmon_appliance.sqlite.live import LiveDatabase

__all__ = ["LiveDatabase"]
