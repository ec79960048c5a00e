"""What waits on hosts: ticks in spools that no aggregator has called durable yet, as agents said last."""

import math

import msgspec

from sysmon_appliance.domain.fleet import FleetMatrix, Tick
from sysmon_appliance.domain.hosts import HostDirectory

_WAITING = "sysmon.agent.spool.waiting"
_USAGE = "sysmon.agent.spool.usage"


class SpoolSum(msgspec.Struct, frozen=True):
    """Spools of the hosts whose agents tell of them: ticks that are not durable yet, and the room that all takes."""

    hosts: int
    ticks: int
    bytes: int


def spools(matrix: FleetMatrix, directory: HostDirectory) -> SpoolSum:
    """Add up the newest figures of every host; for the event loop."""
    hosts = ticks = size = 0
    for host in directory.all():
        latest = matrix.latest(host.key)
        waiting = _value(latest.tick, _WAITING) if latest else None
        if latest is not None and waiting is not None:
            hosts += 1
            ticks += waiting
            size += _value(latest.tick, _USAGE) or 0
    return SpoolSum(hosts, ticks, size)


def _value(tick: Tick, metric: str) -> int | None:
    """Return the value of a metric that has one series; None where the tick has none."""
    columns = tick.schema.columns.get(metric)
    value = float(tick.values[columns[0][0]]) if columns else math.nan
    return None if math.isnan(value) else int(value)
