"""The object store that other tests run on."""

import pytest
from obstore.store import S3Store

from tests.support.clusters.garage import BUCKET, GarageCluster, GarageNode


def store(cluster: GarageCluster, node: GarageNode) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=node.endpoint,
        region="garage",
        access_key_id=cluster.keys.access_key_id,
        secret_access_key=cluster.keys.secret_access_key,
        client_options={"allow_http": True},
    )


def test_every_node_holds_what_one_was_given(garage_nodes: GarageCluster) -> None:
    """What one node has stored is read from each of the others."""
    first, *others = garage_nodes.nodes
    store(garage_nodes, first).put("a", b"1")
    assert [bytes(store(garage_nodes, node).get("a").bytes()) for node in others] == [b"1", b"1"]


@pytest.mark.fault
def test_two_nodes_go_on_without_the_third(garage_nodes: GarageCluster) -> None:
    """What was stored while a node was away is read through it when it is back."""
    first, _, third = garage_nodes.nodes
    third.kill()
    store(garage_nodes, first).put("b", b"2")
    third.start()
    assert bytes(store(garage_nodes, first).get("b").bytes()) == b"2"
    assert bytes(store(garage_nodes, third).get("b").bytes()) == b"2"
