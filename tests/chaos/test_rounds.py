"""What `make chaos` does at length, in a few rounds."""

import pytest

from tests.chaos.faults import Fault, Freeze, Kill, leader, machine
from tests.chaos.rounds import Chaos

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

FAULTS: list[Fault] = [
    Kill("the leader is killed", leader, (3.0, 6.0)),
    Freeze("the leader stands still", leader, (8.0, 10.0)),
    Kill("the leader's machine is lost", machine, (3.0, 6.0)),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost_or_doubled(chaos: Chaos, fault: Fault) -> None:
    """Whatever is broken: all that was acknowledged as durable is in the leader's database exactly once."""
    outcome = chaos.round(1, fault)
    assert not outcome.trouble
    assert outcome.verdict.is_good, outcome.verdict
