"""Limits on requests to the console: who asks too often is told when to come back, and others notice nothing."""

import httpx2
import pytest

from sysmon_appliance.config import LimitSettings
from tests.support.console import Console

TIGHT = LimitSettings(requests_per_minute=10, sign_ins_per_minute=3)


@pytest.fixture
def console() -> Console:
    return Console(limits=TIGHT)


async def statuses(client: httpx2.AsyncClient, path: str, times: int) -> list[int]:
    return [(await client.get(path)).status_code for _ in range(times)]


async def test_answers_say_what_is_left(console: Console) -> None:
    """Each answer of the API names its policy and what remains of it, in the fields of the IETF's draft."""
    async with console.signed_in() as client:
        answer = await client.get("/api/v1/fleet")
    assert answer.headers["ratelimit-policy"] == '"api";q=10;w=60'
    assert answer.headers["ratelimit"] == '"api";r=9;t=6'


async def test_who_asks_too_often_is_told_when_to_come_back(console: Console) -> None:
    """Beyond the limit the answer is 429 with Retry-After, and after that time requests are answered again."""
    async with console.signed_in() as client:
        assert await statuses(client, "/api/v1/fleet", 10) == [200] * 10
        refused = await client.get("/api/v1/fleet")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["ratelimit"] == '"api";r=0;t=60'
        console.clock.advance(float(refused.headers["retry-after"]))
        assert await statuses(client, "/api/v1/fleet", 2) == [200, 429]


async def test_others_notice_nothing(console: Console) -> None:
    """The limit of one user is not that of another, nor that of commands on the aggregator's machine."""
    await console.add_user("alice")
    async with console.signed_in() as greedy, console.as_user("alice") as alice, console.operator() as operator:
        await statuses(greedy, "/api/v1/fleet", 20)
        assert (await alice.get("/api/v1/fleet")).status_code == 200
        assert await statuses(operator, "/api/v1/fleet", 20) == [200] * 20


async def test_sign_ins_are_few(console: Console) -> None:
    """Passwords, invitations and links share a limit of their own per address, lower than that of other requests."""
    async with console.browser() as client:
        client.headers["x-sysmon"] = "1"
        attempt = {"user": "alice", "password": "wrong"}
        paths = ["/api/v1/invitations/guess", "/link/guess"]
        await statuses(client, paths[0], 1)
        await statuses(client, paths[1], 1)
        assert (await client.post("/api/v1/session", json=attempt)).status_code == 401
        refused = await client.post("/api/v1/session", json=attempt)
        assert (refused.status_code, refused.headers["ratelimit-policy"]) == (429, '"sign_in";q=3;w=60')
        assert await statuses(client, paths[1], 1) == [429]


async def test_pages_and_probes_are_not_limited(console: Console) -> None:
    """What costs nothing is never refused, and says nothing of limits."""
    async with console.browser() as client:
        assert await statuses(client, "/healthz", 50) == [200] * 50
        assert "ratelimit" not in (await client.get("/healthz")).headers


async def test_limits_are_counted(console: Console) -> None:
    """Refusals are counted by limit."""
    async with console.signed_in() as client:
        await statuses(client, "/api/v1/fleet", 13)
    assert console.requests.refused == {"api": 3}


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/session"])
async def test_a_body_has_an_end(console: Console, path: str) -> None:
    """A body larger than any route needs is not read into memory, whether or not its length was announced."""

    async def endless() -> object:
        for _ in range(200):
            yield b" " * 1024

    async with console.operator() as client:
        for body in (b" " * 100_000, endless()):
            answer = await client.post(path, content=body)  # type: ignore[arg-type] # an iterator that is async
            assert (answer.status_code, answer.json()["code"]) == (413, "oversized_message")
