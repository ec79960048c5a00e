"""What waits on hosts, added up from what agents said last."""

import math

from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.services.spools import SpoolSum, spools
from tests.support.head import START_MS, Directory, batch, host, schema, series

KNOWN = schema(series("sysmon.agent.spool.usage"), series("sysmon.agent.spool.waiting"))
OTHER = schema(series("system.uptime"), key=2)


def test_spools_are_added_up() -> None:
    """The newest tick of each host counts; a host that says nothing of its spool, or nothing at all, does not."""
    directory = Directory([host(key) for key in (1, 2, 3, 4, 5)])
    matrix = FleetMatrix(directory)
    matrix.update(
        [
            batch(KNOWN, [(START_MS, (5000.0, 40.0)), (START_MS + 10_000, (6000.0, 50.0))], host=1),
            batch(KNOWN, [(START_MS, (1000.0, 2.0))], host=2),
            batch(KNOWN, [(START_MS, (math.nan, math.nan))], host=3),
            batch(OTHER, [(START_MS, (7.0,))], host=4),
        ]
    )
    assert spools(matrix, directory) == SpoolSum(hosts=2, ticks=52, bytes=7000)
