"""Where ticks wait, on disk, until an aggregator has made them durable."""

from sysmon_agent.spool.spool import Spool
from sysmon_agent.spool.ticks import Tick, TickTime

__all__ = ["Spool", "Tick", "TickTime"]
