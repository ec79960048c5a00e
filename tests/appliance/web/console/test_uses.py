"""A session that is used at a standby does not go idle at the leader."""

import asyncio

import httpx2

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import LeaderUnreachableError
from tests.support.passing import LeaderInMemory


async def a_token(leader: LeaderInMemory) -> dict[str, str]:
    """Make a user and an API token at the standby, as its copy would have them."""
    await leader.console.add_user("alice", Role.VIEWER)
    return {"authorization": f"Bearer {await leader.console.api_token('alice')}"}


async def settled(client: httpx2.AsyncClient, headers: dict[str, str], times: int = 1) -> list[int]:
    """Read something, and let what follows happen."""
    statuses = [(await client.get("/api/v1/fleet", headers=headers)).status_code for _ in range(times)]
    await asyncio.sleep(0.1)
    return statuses


async def test_the_leader_hears_once_in_a_while() -> None:
    """Many reads with one credential at a standby are one word to the leader, with that credential and nothing else."""
    leader = LeaderInMemory()
    shown = await a_token(leader)
    async with leader.client() as client:
        assert await settled(client, shown | {"x-own": "kept"}, times=5) == [200] * 5
    assert [(request.method, request.target) for _, request in leader.asked] == [("GET", "/api/v1/session")]
    assert leader.heard(b"authorization") == [shown["authorization"].encode()]
    assert not leader.heard(b"x-own")


async def test_a_page_that_nobody_touches_is_no_use() -> None:
    """What a page asks for by itself is not passed on as a use."""
    leader = LeaderInMemory()
    shown = await a_token(leader)
    async with leader.client() as client:
        await settled(client, shown | {"x-sysmon-unattended": "1"})
    assert not leader.asked


async def test_strangers_and_commands_have_no_session() -> None:
    """Whoever shows nothing, or nothing good, and whoever comes over the Unix socket, is not told of."""
    leader = LeaderInMemory()
    async with leader.client() as client, leader.client(via_socket=True) as operator:
        assert await settled(client, {"authorization": "Bearer guess"}) == [401]
        assert await settled(client, {"cookie": "sysmon_session=guess"}) == [401]
        assert await settled(operator, {}) == [200]
    assert not leader.asked


async def test_reads_go_on_where_the_leader_cannot_be_told() -> None:
    """A leader that does not answer keeps nobody from reading."""
    leader = LeaderInMemory(error=LeaderUnreachableError("Away."))
    shown = await a_token(leader)
    async with leader.client() as client:
        assert await settled(client, shown, times=2) == [200, 200]
    assert len(leader.asked) == 1
