"""The lead is handed over by command, under load."""

import pytest

from tests.chaos.rounds import Chaos
from tests.support.clusters.aggregators import AggregatorNode
from tests.support.operators import Operator
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]


def test_a_handoff_loses_nothing(chaos: Chaos) -> None:
    """Ordered at the leader, then at a standby, the lead goes where it was sent, and nothing promised is missing."""
    chaos.settle()
    first = eventually(chaos.region.leader, "somebody leads")
    second, third = (node for node in chaos.region.nodes if node is not first)
    for asked, to in ((first, second), (first, third)):
        chaos.settle()
        chaos.fleet.heard.calm_since = None
        said = operator(asked)("ha", "handoff", "--to", to.name, "--yes")
        assert f"{to.name} leads with epoch" in said
        assert eventually(chaos.region.leader, "the other one leads") is to
    chaos.settle()
    assert chaos.verdict().is_good
    assert [entry["target"] for entry in operator(third).listed("audit", "list")[:2]] == [third.name, second.name]


def operator(node: AggregatorNode) -> Operator:
    return Operator(node.folder / "s.sock")
