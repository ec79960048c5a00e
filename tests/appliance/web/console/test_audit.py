"""The audit log over HTTP."""

import logging

import pytest

from sysmon_appliance.domain.audit import from_line
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.console.audit_metrics import AuditHead
from tests.support.audit import a_log, head_of
from tests.support.console import Console

LOG = a_log(5)
HEAD = head_of(LOG)


@pytest.fixture
def console() -> Console:
    console = Console()
    console.audit.log, console.audit.recorded = list(LOG), HEAD
    return console


async def test_entries_are_listed_from_the_newest_on(console: Console) -> None:
    """A page has the newest entries first, and says where the next page begins."""
    async with console.operator() as client:
        first = (await client.get("/api/v1/audit", params={"limit": 3})).json()
        second = (await client.get("/api/v1/audit", params={"limit": 3, "after": first["next"]})).json()
    assert [entry["number"] for entry in first["entries"]] == [5, 4, 3]
    assert [entry["number"] for entry in second["entries"]] == [2, 1]
    assert second["next"] is None


async def test_an_entry_says_who_did_what_to_what(console: Console) -> None:
    """An entry has the actor, where they were, the change, its subject and its state before and after."""
    async with console.operator() as client:
        page = (await client.get("/api/v1/audit", params={"target": "token-1"})).json()
    (entry,) = page["entries"]
    assert entry == {
        "number": 2,
        "time": entry["time"],
        "actor": "user:alice",
        "origin": "192.0.2.7",
        "action": "token.create",
        "target": "token-1",
        "before": None,
        "after": {"uses": 1, "labels": {"role": "db"}},
        "hash": LOG[1].hash,
    }


async def test_an_export_holds_every_entry(console: Console) -> None:
    """An export has one line per entry, the oldest first, each as it was hashed."""
    async with console.operator() as client:
        answer = await client.get("/api/v1/audit/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [from_line(line) for line in answer.text.splitlines()] == LOG


async def test_a_whole_log_is_found_intact(console: Console) -> None:
    """Verifying says how far the log holds together."""
    async with console.operator() as client:
        verdict = (await client.get("/api/v1/audit/verify", params={"head": LOG[2].hash})).json()
    assert verdict == {"intact": True, "entries": 5, "head": HEAD.hash, "fault": None}


@pytest.mark.parametrize("gone", [0, 2, 4])
async def test_a_missing_entry_is_named(console: Console, gone: int) -> None:
    """Verifying says at which number the log stops holding together."""
    del console.audit.log[gone]
    async with console.operator() as client:
        verdict = (await client.get("/api/v1/audit/verify")).json()
    assert not verdict["intact"]
    assert verdict["fault"]["number"] == gone + 1


async def test_a_head_that_was_noted_elsewhere_is_asked_for(console: Console) -> None:
    """A log in which a head that somebody noted does not occur is not the log that it was."""
    async with console.operator() as client:
        verdict = (await client.get("/api/v1/audit/verify", params={"head": "ab" * 32})).json()
    assert verdict["entries"] == 5
    assert verdict["fault"]["number"] == 6


async def test_what_was_shown_once_is_remembered(console: Console) -> None:
    """After entries and their record were removed together, verifying still misses what logs and metrics had shown."""
    await console.control.audit.show_head()
    console.audit.log, console.audit.recorded = LOG[:3], head_of(LOG[:3])
    async with console.operator() as client:
        verdict = (await client.get("/api/v1/audit/verify")).json()
    assert verdict["fault"]["number"] == 4


async def test_the_head_is_shown_to_those_who_keep_it(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    """The head goes to the log of the program and to metrics, once for each head."""
    console.telemetry.register(AuditHead(console.control.audit))
    caplog.set_level(logging.INFO)
    await console.control.audit.show_head()
    await console.control.audit.show_head()
    shown = [record for record in caplog.records if record.message == "The audit log has reached this head."]
    assert [(vars(record)["number"], vars(record)["hash"]) for record in shown] == [(5, HEAD.hash)]
    async with console.browser() as client:
        metrics = (await client.get("/metrics")).text
    assert f'sysmon_audit_head_info{{hash="{HEAD.hash}",number="5"}} 1.0' in metrics


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_only_admins_read_the_log(console: Console, role: Role) -> None:
    """What everybody did is shown to admins alone."""
    await console.add_user("alice", role)
    async with console.as_user("alice") as client:
        for path in ("/api/v1/audit", "/api/v1/audit/verify", "/api/v1/audit/export"):
            assert (await client.get(path)).status_code == 403
