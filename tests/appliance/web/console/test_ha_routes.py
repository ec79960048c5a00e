"""The region's aggregators over the API."""

from dataclasses import replace

from sysmon_appliance.domain.leadership import Handoff, Role
from sysmon_appliance.domain.replica import Chapter
from sysmon_appliance.domain.topology import Blocked, NodeView, PreCheck
from sysmon_appliance.errors import CoordinatorUnreachableError, StorageFailedError
from tests.support.console import Console
from tests.support.head import START_MS
from tests.support.topology import FIRST, FOLLOWED, LED, SECOND

HA = "/api/v1/ha"
HANDOFF = "/api/v1/ha/handoff"


async def test_the_region_is_shown() -> None:
    """The document says who leads, how far everything is durable, and how the others follow."""
    async with Console().operator() as client:
        answer = (await client.get(HA)).json()
    assert answer["topology"] == "ha"
    assert answer["leader"] == {
        "node": "agg-1",
        "ingest": "10.0.0.1:7443",
        "console": "https://10.0.0.1:7480",
        "epoch": 7,
    }
    assert answer["durable"] == {
        "mark": 119,
        "committed_mark": 120,
        "at": START_MS - 900,
        "waiting": 2,
        "trouble": "",
        "hint": "",
    }
    assert [(node["node"], node["role"], node["lag_ms"]) for node in answer["nodes"]] == [
        ("agg-1", "leader", 0),
        ("agg-2", "standby", 800),
        ("agg-3", "standby", 1800),
    ]
    assert answer["lineage"] == {"epoch": 7, "path": "epoch-00000007-0123456789abcdef", "txid": 512}
    assert answer["degraded"] == ""


async def test_a_standby_knows_the_epoch_of_the_leader() -> None:
    """The leader does not report to a standby, and its epoch is shown all the same; nodes are in order of name."""
    console = Console()
    nodes = (NodeView(SECOND, Role.STANDBY, 7), NodeView(FIRST, Role.LEADER))
    console.topology.now = replace(FOLLOWED, nodes=nodes)
    async with console.operator() as client:
        answer = (await client.get(HA)).json()
    assert [(node["node"], node["epoch"]) for node in answer["nodes"]] == [("agg-1", 7), ("agg-2", 7)]


async def test_what_blocks_a_node_is_shown_with_what_it_found() -> None:
    """A node that waits for a person says why, and what it could lead with."""
    console = Console()
    chapter = Chapter("cluster", 6, "epoch-00000006-00", "agg-3", START_MS)
    blocked = Blocked("lineage_lost", "Consul has lost its data.", "sysmon ha recover", [chapter], ["live/epoch-6"])
    console.topology.now = replace(LED, role=Role.WAITING, holder=None, lineage=None, blocked=blocked)
    async with console.operator() as client:
        answer = (await client.get(HA)).json()
    assert answer["blocked"] == {
        "code": "lineage_lost",
        "detail": "Consul has lost its data.",
        "hint": "sysmon ha recover",
        "chapters": [{"epoch": 6, "path": "epoch-00000006-00", "node": "agg-3", "began": START_MS}],
        "databases": ["live/epoch-6"],
    }
    assert answer["leader"] is None
    assert answer["degraded"] == "Consul has lost its data."


async def test_the_checks_of_a_handoff_are_shown() -> None:
    """Whoever thinks of a handoff sees beforehand what stands against it."""
    console = Console()
    console.topology.checks = (
        PreCheck("durable", ok=True, detail="Changes become durable."),
        PreCheck("standby", ok=False, detail="No standby follows closely."),
    )
    async with console.operator() as client:
        answer = (await client.get(HANDOFF, params={"to": "agg-2"})).json()
    assert answer == {
        "checks": [
            {"name": "durable", "ok": True, "detail": "Changes become durable."},
            {"name": "standby", "ok": False, "detail": "No standby follows closely."},
        ],
        "ok": False,
    }


async def test_a_handoff_is_ordered_and_recorded() -> None:
    """An order is taken at once, names who is to lead, and is in the audit log."""
    console = Console()
    async with console.operator() as client:
        answer = await client.post(HANDOFF, json={"to": ""})
        after = (await client.get(HA)).json()
    assert (answer.status_code, answer.json()) == (202, {"to": "agg-2", "epoch": 7})
    assert after["handoff"] == {"to": "agg-2", "epoch": 7}
    assert [(entry.action, entry.target) for entry in console.barrier.audited] == [
        ("ha.handoff", "whoever is best prepared")
    ]


async def test_an_order_of_another_epoch_is_void() -> None:
    """What an earlier leader was ordered is not under way any more, even while the coordinator still names it."""
    console = Console()
    console.topology.now = replace(LED, handoff=Handoff("agg-1", 6))
    async with console.operator() as client:
        assert (await client.get(HA)).json()["handoff"] is None


async def test_a_handoff_that_cannot_be_is_refused() -> None:
    """Where a check fails, nothing is recorded and nothing is ordered."""
    console = Console()
    console.topology.checks = (PreCheck("standby", ok=False, detail="No standby follows closely."),)
    async with console.operator() as client:
        answer = await client.post(HANDOFF, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "No standby follows closely." in answer.json()["detail"]
    assert console.topology.orders == []
    assert console.barrier.audited == []


async def test_a_handoff_that_is_not_recorded_is_not_ordered() -> None:
    """The audit log comes first."""
    console = Console()
    console.barrier.error = StorageFailedError("The disk is gone.")
    async with console.operator() as client:
        answer = await client.post(HANDOFF, json={})
    assert answer.json()["code"] == "storage_failed"
    assert console.topology.orders == []


async def test_a_handoff_needs_the_coordinator() -> None:
    """Where Consul cannot be asked, the order fails and says so."""
    console = Console()
    console.topology.error = CoordinatorUnreachableError("Consul does not answer.", hint="sysmon ha status")
    async with console.operator() as client:
        answer = await client.post(HANDOFF, json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "coordinator_unreachable")


async def test_a_region_is_begun_or_recovered_on_the_machine() -> None:
    """What a person decides at the machine is passed on."""
    console = Console()
    async with console.operator() as client:
        adopted = await client.post("/api/v1/ha/adopt")
        recovered = await client.post("/api/v1/ha/recover", json={"path": "epoch-00000006-00"})
    assert (adopted.status_code, recovered.status_code) == (202, 202)
    assert console.topology.orders == ["adopt", "recover epoch-00000006-00"]
