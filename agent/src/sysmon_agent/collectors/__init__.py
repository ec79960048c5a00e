"""What the agent measures.

One subject per file. A new collector is a class in a file of its own and a line in `REGISTRY`; what it measures is a
row of `sysmon_agent.names.METRICS`.
"""

import logging
import sys

from sysmon_agent.clock import Clock
from sysmon_agent.collectors.base import Collector, Context, SpoolGauge
from sysmon_agent.collectors.collector_set import CollectorSet, Sampled
from sysmon_agent.collectors.cpu import Cpu
from sysmon_agent.collectors.disks import Disks
from sysmon_agent.collectors.filesystems import Filesystems
from sysmon_agent.collectors.load import Load
from sysmon_agent.collectors.memory import Memory
from sysmon_agent.collectors.network import Network
from sysmon_agent.collectors.own import Own
from sysmon_agent.collectors.paging import Paging
from sysmon_agent.collectors.pressure import Pressure
from sysmon_agent.collectors.processes import Processes
from sysmon_agent.collectors.temperatures import Temperatures
from sysmon_agent.collectors.uptime import Uptime
from sysmon_agent.collectors.users import UserNames
from sysmon_agent.config.values import CollectSettings

_log = logging.getLogger(__name__)

__all__ = ["REGISTRY", "CollectorSet", "Sampled", "build", "registry_for"]

REGISTRY: tuple[type[Collector], ...] = (
    Cpu,
    Load,
    Memory,
    Paging,
    Pressure,
    Filesystems,
    Disks,
    Network,
    Temperatures,
    Uptime,
    Processes,
    Own,
)
"""The collectors of Linux, in the order in which they run."""


def registry_for(platform: str) -> tuple[type[Collector], ...]:
    """Return the collectors for a value of `sys.platform`."""
    if platform == "linux":
        return REGISTRY
    from sysmon_agent.collectors.portable import PORTABLE_REGISTRY  # noqa: PLC0415 - it loads psutil: 5 MB of memory

    return PORTABLE_REGISTRY


def build(
    settings: CollectSettings,
    clock: Clock,
    spool: SpoolGauge | None = None,
    *,
    platform: str = sys.platform,
) -> CollectorSet:
    """Make the collectors of this machine, without those that the settings disable.

    Without a spool, the agent's own series lack the spool's.
    """
    context = Context(settings, clock, UserNames(), spool=spool)
    return assemble(context, registry_for(platform))


def assemble(context: Context, registry: tuple[type[Collector], ...]) -> CollectorSet:
    """Make a set of the collectors of a registry."""
    disabled = set(context.settings.disable)
    names = [kind.name for kind in registry]
    for unknown in sorted(disabled.difference(names)):
        _log.warning("No collector has the name that is to be disabled.", extra={"collector": unknown, "known": names})
    return CollectorSet([kind(context) for kind in registry if kind.name not in disabled], context.clock)
