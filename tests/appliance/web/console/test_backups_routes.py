"""Backups over the API."""

from dataclasses import replace

from sysmon_appliance.domain.backups import Backups, spans_of
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.domain.replica import Reach
from sysmon_appliance.errors import NotLeaderError
from tests.support.backups import chapter
from tests.support.console import Console
from tests.support.pushes import NOW_MS

BACKUPS = "/api/v1/backups"
DRILL = f"{BACKUPS}/drill"
RESTORE = f"{BACKUPS}/restore"
FIRST = chapter(1, origin="")
SECOND = chapter(2, parent=FIRST.path, txid=9)
REACHES = {FIRST.path: None, SECOND.path: Reach(SECOND.path, NOW_MS, NOW_MS + 5000, 77)}
PASSED = Drill(NOW_MS, NOW_MS + 900, SECOND.path, 76, 1 << 20, 0.5, counts={"hosts": 3})


def replicated(drill: Drill | None = None) -> Console:
    console = Console()
    console.backups.found = Backups(spans_of([FIRST, SECOND], SECOND.path, REACHES), drill)
    return console


async def test_epochs_and_their_moments_are_listed() -> None:
    """Each epoch says where it came from and which moments of it can be restored."""
    async with replicated().operator() as client:
        answer = (await client.get(BACKUPS)).json()
    first, second = answer["chapters"]
    assert second == {
        "epoch": 2,
        "path": SECOND.path,
        "node": "agg-1",
        "began": SECOND.began_ms,
        "parent": FIRST.path,
        "parent_txid": 9,
        "origin": "failover",
        "on_line": True,
        "from": NOW_MS,
        "to": NOW_MS + 5000,
        "txid": 77,
    }
    assert (first["from"], first["to"], first["txid"]) == (None, None, 0)
    assert (answer["from"], answer["to"]) == (NOW_MS, NOW_MS + 5000)
    assert answer["drill"]["state"] == "never"


async def test_the_newest_drill_is_shown() -> None:
    """A drill runs, passes or fails, and what it found is told."""
    for drill, state in (
        (PASSED, "passed"),
        (replace(PASSED, ended_ms=0), "running"),
        (replace(PASSED, problem="It is broken."), "failed"),
    ):
        async with replicated(drill).operator() as client:
            shown = (await client.get(BACKUPS)).json()["drill"]
        assert shown["state"] == state
        assert shown["problem"] == drill.problem
    assert shown["counts"] == {"hosts": 3}
    assert shown["restored_bytes"] == 1 << 20


async def test_without_epochs_there_are_no_moments() -> None:
    """Where nothing was replicated yet, the list is empty and there is no moment to go back to."""
    async with Console().operator() as client:
        answer = (await client.get(BACKUPS)).json()
    assert (answer["chapters"], answer["from"], answer["to"]) == ([], None, None)


async def test_a_drill_is_ordered() -> None:
    """Operators can have a drill, and viewers cannot."""
    console = replicated()
    async with console.operator() as client:
        assert (await client.post(DRILL)).status_code == 202
    await console.add_user("alice", Role.VIEWER)
    async with console.as_user("alice") as client:
        assert (await client.post(DRILL)).status_code == 403
    assert [order for _, order in console.backups.orders] == ["drill"]


async def test_going_back_is_for_admins() -> None:
    """Admins can go back to a moment, of the line or of a path; operators cannot."""
    console = replicated()
    async with console.operator() as client:
        answer = await client.post(RESTORE, json={"at": NOW_MS})
        named = await client.post(RESTORE, json={"at": NOW_MS, "path": SECOND.path})
    await console.add_user("alice", Role.OPERATOR)
    async with console.as_user("alice") as client:
        refused = await client.post(RESTORE, json={"at": NOW_MS})
    assert (answer.status_code, answer.json()) == (202, {"path": FIRST.path, "at": NOW_MS})
    assert named.json()["path"] == SECOND.path
    assert refused.status_code == 403
    assert [order for _, order in console.backups.orders] == [
        f"restore {NOW_MS}",
        f"restore {NOW_MS} {SECOND.path}",
    ]


async def test_what_is_no_moment_is_refused() -> None:
    """A restore without a moment, or with one that is text, is a bad request."""
    async with replicated().operator() as client:
        for body in ({}, {"at": "yesterday"}, {"at": 1, "force": True}):
            assert (await client.post(RESTORE, json=body)).status_code == 400


async def test_who_does_not_lead_says_who_does() -> None:
    """Orders to an aggregator that does not lead are answered with who does."""
    console = replicated()
    console.backups.error = NotLeaderError("agg-2 leads.", leader="agg-2:7443")
    async with console.operator() as client:
        answer = await client.post(RESTORE, json={"at": NOW_MS})
    assert (answer.status_code, answer.json()["leader"]) == (421, "agg-2:7443")


async def test_metrics_tell_of_the_newest_drill() -> None:
    """Prometheus sees when a drill ended last and whether it passed; while the next one runs, the last one."""
    console = replicated()
    async with console.browser() as client:
        assert "sysmon_backup" not in (await client.get("/metrics")).text
        console.backups.found = replace(console.backups.found, drill=PASSED)
        shown = (await client.get("/metrics")).text
        assert "sysmon_backup_drill_passed 1.0" in shown
        assert "sysmon_backup_drill_seconds 0.5" in shown
        console.backups.found = replace(console.backups.found, drill=replace(PASSED, ended_ms=0))
        assert "sysmon_backup_drill_passed 1.0" in (await client.get("/metrics")).text
