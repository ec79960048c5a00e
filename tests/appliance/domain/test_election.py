"""What a node does that does not lead: it follows, competes, begins a region, or waits for a person."""

import pytest

from sysmon_appliance.domain.election import Found, Step, decide, next_epoch
from sysmon_appliance.domain.leadership import Holder, Lineage, Node, Standing
from sysmon_appliance.domain.replica import Chapter

CLUSTER = "c" * 32
LINEAGE = Lineage(CLUSTER, 7, "epoch-00000007-aa", txid=9, mark=3)
CHAPTER = Chapter(CLUSTER, 9, "epoch-00000009-bb", "a", began_ms=1)
LED = Standing(7, Holder(Node("a", "127.0.0.1:7443"), 7), LINEAGE, CLUSTER)
OURS = Standing(7, Holder(Node("b", "127.0.0.1:7443"), 7), LINEAGE, CLUSTER)  # and we do not know of it
FREE = Standing(7, None, LINEAGE, CLUSTER)
NOTHING = Standing()


@pytest.mark.parametrize(
    ("standing", "found", "step", "code"),
    [
        (LED, Found(), Step.FOLLOW, ""),
        (FREE, Found(), Step.COMPETE, ""),
        (OURS, Found(), Step.COMPETE, ""),
        (FREE, Found(cluster_id=CLUSTER, databases=("x",)), Step.COMPETE, ""),
        (NOTHING, Found(), Step.BEGIN, ""),
        (NOTHING, Found(chapters=(CHAPTER,)), Step.WAIT, "lineage_lost"),
        (NOTHING, Found(paths=("epoch-00000001-aa",)), Step.WAIT, "lineage_lost"),
        (NOTHING, Found(book_cluster_id=CLUSTER), Step.WAIT, "lineage_lost"),
        (NOTHING, Found(databases=("live/live.sqlite",)), Step.WAIT, "database_found"),
        (FREE, Found(cluster_id="d" * 32), Step.WAIT, "foreign_cluster"),
        (NOTHING, Found(cluster_id="d" * 32, book_cluster_id=CLUSTER), Step.WAIT, "foreign_cluster"),
    ],
)
def test_what_is_known_decides(standing: Standing, found: Found, step: Step, code: str) -> None:
    """A region begins only where there is nothing at all; whatever could be thrown away waits for a person."""
    decision = decide(standing, found, own="b")
    assert decision.step is step
    assert (decision.blocked.code if decision.blocked else "") == code


@pytest.mark.parametrize(("heard", "epoch"), [(0, 10), (12, 13)])
def test_an_epoch_is_higher_than_any_that_was_seen(heard: int, epoch: int) -> None:
    """Consul, the book beside the paths, and agents are all believed."""
    assert next_epoch(FREE, [CHAPTER], heard=heard) == epoch
