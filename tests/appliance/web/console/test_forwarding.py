"""Which requests a standby passes on, how, and what it does when there is nobody to pass them to."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.errors import LeaderUnreachableError, NotLeaderError
from sysmon_appliance.web.authorisation import LEAST
from sysmon_appliance.web.console.guard import SECURITY_HEADERS
from sysmon_appliance.web.console.leaders_part import goes_to_leader
from sysmon_appliance.web.peer_wire import HEADER, Forwarded
from tests.support.console import URL
from tests.support.passing import DONE, LeaderInMemory
from tests.support.topology import FIRST


def test_changes_go_to_the_leader() -> None:
    """Whatever changes state is the leader's, but for orders that mean this very machine."""
    here = {path for method, path in LEAST if method != "GET" and not goes_to_leader(method, path)}
    assert here == {
        "/api/v1/ha/adopt",
        "/api/v1/ha/recover",
        *(path for method, path in LEAST if method != "GET" and path.startswith("/v1/")),
    }


def test_what_a_copy_holds_is_read_here() -> None:
    """Of reads the leader gets those of what it is doing, and of what was never written down."""
    read = {path for method, path in LEAST if method == "GET" and goes_to_leader(method, path)}
    assert read == {
        "/api/v1/backups",
        "/api/v1/certificates/rotation",
        "/api/v1/ha/handoff",
        "/api/v1/imports/{id}",
        "/api/v1/storage",
        "/api/v1/storage/check",
        "/api/v1/storage/forecast",
        "/link/{token}",
    }


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_other_methods_stay(method: str) -> None:
    """Methods that change nothing are answered by the standby itself."""
    assert not goes_to_leader(method, "/api/v1/users")


async def test_a_request_travels_as_it_came() -> None:
    """Method, path, query, body and headers reach the leader unchanged, with where they came from beside them."""
    leader = LeaderInMemory()
    async with leader.client() as client:
        await client.post("/api/v1/users/a%2Fb?x=%20y", content=b"body", headers={"cookie": "c=1", "x-own": "kept"})
    address, request = leader.asked[0]
    assert (address, request.method, request.target, request.body) == (
        FIRST.ingest,
        "POST",
        "/api/v1/users/a%2Fb?x=%20y",
        b"body",
    )
    assert (leader.heard(b"cookie"), leader.heard(b"x-own"), leader.heard(b"host")) == (
        [b"c=1"],
        [b"kept"],
        [b"127.0.0.1:7480"],
    )
    assert Forwarded.read(leader.heard(HEADER)[0]) == Forwarded("192.0.2.7", "http", URL)


@pytest.mark.parametrize("name", ["connection", "expect", "transfer-encoding", "te", "sysmon-forwarded", "sysmon-mark"])
async def test_what_is_said_of_the_connection_does_not_travel(name: str) -> None:
    """Headers of one connection stay on it, and so does what a client says in a standby's place."""
    leader = LeaderInMemory()
    async with leader.client() as client:
        await client.post("/api/v1/users", content=b"", headers={name: "claimed"})
    assert b"claimed" not in leader.heard(name.encode())


async def test_letters_of_any_alphabet_travel_in_a_header() -> None:
    """The name of an account may have letters that no header has."""
    forwarded = Forwarded("", "http", URL, account="Zoë")
    assert forwarded.header().isascii()
    assert Forwarded.read(forwarded.header()) == forwarded


async def test_the_leaders_answer_is_given_as_it_is() -> None:
    """Status, body and headers of the leader's answer reach the browser, all cookies and no mark among them."""
    leader = LeaderInMemory(
        headers=(*DONE, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"connection", b"close"))
    )
    async with leader.client() as client:
        answer = await client.post("/api/v1/users", content=b"{}")
    assert (answer.status_code, answer.content) == (202, b"{}")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not {"sysmon-mark", "connection"} & set(answer.headers)


async def test_an_answer_waits_until_the_change_shows() -> None:
    """Whoever changed something is answered once the standby shows it."""
    leader = LeaderInMemory(mark=6)
    async with leader.client() as client:
        asked = asyncio.ensure_future(client.post("/api/v1/users", content=b"{}"))
        done, _ = await asyncio.wait((asked,), timeout=0.3)
        assert not done
        leader.mark = 7
        assert (await asked).status_code == 202


async def test_reads_wait_for_nothing() -> None:
    """What is only read at the leader is given at once."""
    leader = LeaderInMemory(mark=0)
    async with leader.client(via_socket=True) as client:
        answer = await asyncio.wait_for(client.get("/api/v1/storage"), 4)
    assert answer.status_code == 202


@pytest.mark.parametrize("error", [NotLeaderError("No."), LeaderUnreachableError("No answer.")])
async def test_a_leader_that_gives_no_answer(error: SysmonError) -> None:
    """Where the leader cannot be asked, the standby says so and when to try again."""
    leader = LeaderInMemory(error=error)
    async with leader.client() as client:
        answer = await client.post("/api/v1/users", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (503, "leader_unreachable")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]


async def test_without_a_leader_reads_go_on() -> None:
    """While nobody leads, changes are refused with a hint, and what the copy holds is shown."""
    leader = LeaderInMemory(holder=None)
    async with leader.client(via_socket=True) as client:
        refused = await client.post("/api/v1/users", content=b"{}")
        assert (refused.status_code, refused.json()["hint"]) == (503, "sysmon ha status")
        assert (await client.get("/api/v1/fleet")).status_code == 200
    assert not leader.asked


async def test_no_more_wait_than_may() -> None:
    """While the leader answers slowly, only so many requests wait for it, and reads still have threads."""
    leader = LeaderInMemory(busy=threading.Event())
    assert leader.busy is not None
    async with leader.client() as client:
        waiting = [asyncio.ensure_future(client.post("/api/v1/users", content=b"{}")) for _ in range(16)]
        while len(leader.asked) < 4:  # noqa: ASYNC110 - threads add to it
            await asyncio.sleep(0.01)
        answer = await client.post("/api/v1/users", content=b"{}")
        leader.busy.set()
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert {(await one).status_code for one in waiting} == {202}


async def test_a_body_beyond_all_limits_goes_nowhere() -> None:
    """A body larger than any route takes is refused before it is passed on."""
    leader = LeaderInMemory()
    async with leader.client() as client:
        answer = await client.post("/api/v1/imports", content=b"x" * ((1 << 20) + 1))
    assert (answer.status_code, leader.asked) == (413, [])


async def test_another_name_is_refused_here() -> None:
    """A page that reaches the standby through a name of its own gets nothing passed on."""
    leader = LeaderInMemory()
    async with leader.client() as client:
        answer = await client.post("/api/v1/users", content=b"{}", headers={"host": "evil.example"})
    assert (answer.json()["code"], leader.asked) == ("wrong_host", [])


@pytest.mark.parametrize(("age_ms", "said"), [(800, "800"), (None, None)])
async def test_answers_say_how_old_they_are(age_ms: int | None, said: str | None) -> None:
    """Each answer of a standby's API says how old what it shows is, where that is known."""
    async with LeaderInMemory(age_ms=age_ms).client(via_socket=True) as client:
        assert (await client.get("/api/v1/fleet")).headers.get("sysmon-age-ms") == said
        assert "sysmon-age-ms" not in (await client.get("/healthz")).headers


async def test_bodies_that_trickle_in_are_bounded_together() -> None:
    """However many send bodies at one time, a standby holds only so much of them."""
    leader = LeaderInMemory()
    going = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * (1 << 20)
        await going.wait()

    async with leader.client() as client:
        waiting = [asyncio.ensure_future(client.post("/api/v1/users", content=half())) for _ in range(33)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {(await one).json()["code"] for one in done} == {"rate_limited"}
        going.set()
        assert {(await one).status_code for one in waiting} == {202, 429}
