"""Whether a leader goes on."""

from dataclasses import replace

import pytest

from sysmon_appliance.domain.leadership import Holder, Node, Standing
from sysmon_appliance.services.leader_watch import Ending, Sight, judge

OURS = Standing(7, Holder(Node("a", "127.0.0.1:7443"), 7))
THEIRS = Standing(8, Holder(Node("b", "127.0.0.1:7443"), 8))
WELL = Sight(
    now=100.0,
    lease_until=102.0,
    standing=OURS,
    epoch=7,
    node="a",
    replicating=True,
    stuck_seconds=0.0,
    failing_seconds=0.0,
    standby_ready=True,
    replica_fault=False,
)


@pytest.mark.parametrize(
    ("sight", "ending"),
    [
        (WELL, None),
        (replace(WELL, standing=THEIRS), Ending.FENCED),
        (replace(WELL, standing=Standing(8)), Ending.FENCED),
        (replace(WELL, standing=None, lease_until=0.0, replicating=False), None),
        (replace(WELL, standing=Standing(6)), None),
        (replace(WELL, standing=Standing(), replicating=False), Ending.FENCED),
        (replace(WELL, standing=Standing(7)), Ending.REBASE),
        (replace(WELL, standing=Standing(7), lease_until=0.0), None),
        (replace(WELL, replicating=False), Ending.REBASE),
        (replace(WELL, replica_fault=True), Ending.REBASE),
        (replace(WELL, heard=9), Ending.REBASE),
        (replace(WELL, stuck_seconds=16.0), Ending.STUCK),
        (replace(WELL, failing_seconds=16.0), Ending.STUCK),
        (replace(WELL, stuck_seconds=16.0, standby_ready=False), None),
    ],
)
def test_a_term_ends_for_a_reason(sight: Sight, ending: Ending | None) -> None:
    """A leader goes when another leads, lets go when it is stuck and another is ready, and else goes on."""
    assert judge(sight) is ending
