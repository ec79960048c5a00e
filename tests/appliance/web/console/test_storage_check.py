"""Checks and repairs over the API."""

from dataclasses import replace

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.domain.segments import Kind
from tests.support.console import Console
from tests.support.storage import segment
from tests.support.upkeep import DAMAGED

CHECK = "/api/v1/storage/check"
REPAIR = "/api/v1/storage/repair"
TICKS = segment()
MINUTES = segment(Kind.MINUTE)


def shelved() -> Console:
    console = Console()
    console.stored.manifest.segments += [TICKS, MINUTES]
    return console


async def test_before_the_first_check_there_is_none() -> None:
    """A new aggregator says that it never checked."""
    async with shelved().operator() as client:
        answer = await client.get(CHECK)
    assert answer.json() == {
        "state": "never",
        "checked": 0,
        "of": 0,
        "unread": 0,
        "damaged": [],
        "started": None,
        "ended": None,
    }


async def test_what_a_check_found_is_shown() -> None:
    """The newest check names what is damaged."""
    console = shelved()
    console.shelved.shelf.found[TICKS.name] = DAMAGED
    await console.shelved.upkeep.checking.check()
    now_ms = console.clock.wall_ms()
    async with console.operator() as client:
        answer = await client.get(CHECK)
    assert answer.json() == {
        "state": "done",
        "checked": 2,
        "of": 2,
        "unread": 0,
        "damaged": [TICKS.name],
        "started": now_ms,
        "ended": now_ms,
    }


async def test_a_check_is_asked_for() -> None:
    """A request for a check is taken at once, and put on record."""
    console = shelved()
    async with console.operator() as client:
        answer = await client.post(CHECK)
    assert (answer.status_code, answer.json()) == (202, {"job": "check"})
    assert [entry.action for entry in console.barrier.audited] == ["storage.check"]


async def test_a_repair_says_what_came_of_it() -> None:
    """A repair answers with the names of what is back and of what is lost."""
    console = shelved()
    console.stored.manifest.segments = [replace(TICKS, damaged_ms=1), replace(MINUTES, damaged_ms=1)]
    console.shelved.shelf.found[TICKS.name] = DAMAGED
    async with console.operator() as client:
        answer = await client.post(REPAIR, json={})
    assert answer.json() == {"repaired": [MINUTES.name], "lost": [TICKS.name]}
    assert len(console.stored.manifest.all()) == 2


async def test_what_is_lost_is_given_up_only_when_asked() -> None:
    """With give_up, the manifest forgets what is lost."""
    console = shelved()
    console.stored.manifest.segments = [replace(TICKS, damaged_ms=1)]
    console.shelved.shelf.found[TICKS.name] = DAMAGED
    async with console.operator() as client:
        answer = await client.post(REPAIR, json={"give_up": True})
    assert answer.json() == {"repaired": [], "lost": [TICKS.name]}
    assert not console.stored.manifest.all()


async def test_a_store_that_is_down_is_said() -> None:
    """Where the object store does not answer, the problem says so instead of calling anything lost."""
    console = shelved()
    console.stored.manifest.segments = [replace(TICKS, damaged_ms=1)]
    console.shelved.shelf.is_down = True
    async with console.operator() as client:
        answer = await client.post(REPAIR, json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unreachable")


async def test_viewers_look_on() -> None:
    """A viewer sees checks, and begins none."""
    console = shelved()
    await console.add_user(role=Role.VIEWER)
    async with console.as_user() as client:
        assert (await client.get(CHECK)).status_code == 200
        assert (await client.post(CHECK)).status_code == 403
        assert (await client.post(REPAIR, json={})).status_code == 403
