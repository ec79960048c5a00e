import pytest

from sysmon_appliance.domain.principals import Role
from tests.support.console import Console

DAY = 86_400


async def test_a_program_uses_a_token() -> None:
    """A token is shown once, opens the API without cookie and without the header for changes, and is listed."""
    console = Console()
    await console.add_user()
    async with console.as_user() as browser:
        wanted = {"name": "backup", "role": "viewer", "expires_seconds": DAY}
        made = await browser.post("/api/v1/api-tokens", json=wanted)
        assert made.status_code == 201
        text = made.json()["secret"]
        assert text.startswith(f"smapi_{made.json()['api_token']['id']}_")
    async with console.with_token(text) as program:
        session = (await program.get("/api/v1/session")).json()
        assert (session["via"], session["user"], session["name"]) == ("token", "alice", "alice/backup")
        (listed,) = (await program.get("/api/v1/api-tokens")).json()["api_tokens"]
        assert (listed["owner"], listed["last_used"]) == ("alice", console.clock.wall_ms())
        assert text not in str(listed)
        assert (await program.delete(f"/api/v1/api-tokens/{listed['id']}")).status_code == 204
        assert (await program.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("text", ["", "x", "smapi_", "smapi_x_y", "smapi__", "Bearer", "smapi_{id}_wrong", "x_{id}_y"])
async def test_texts_that_are_no_token(text: str) -> None:
    """Whatever is no token is refused, even beside a cookie that is good."""
    console = Console()
    identity = (await console.api_token()).split("_")[1]
    async with console.signed_in() as browser:
        given = {"authorization": "Bearer " + text.replace("{id}", identity)}
        answer = await browser.get("/api/v1/session", headers=given)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")


async def test_a_token_does_no_more_than_its_maker() -> None:
    """Nobody makes a token of a higher role than their own, nor one that lasts too long."""
    console = Console()
    await console.add_user()
    async with console.as_user() as browser:
        wanted = {"name": "a", "role": "admin", "expires_seconds": DAY}
        answer = await browser.post("/api/v1/api-tokens", json=wanted)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        for seconds in (0, 59, 400 * DAY):
            wanted = {"name": "a", "role": "viewer", "expires_seconds": seconds}
            assert (await browser.post("/api/v1/api-tokens", json=wanted)).status_code == 400


async def test_a_token_made_with_a_token_does_not_outlive_it() -> None:
    """Whoever holds a token cannot make it last longer by making another."""
    console = Console()
    async with console.with_token(await console.api_token(seconds=3600)) as program:
        wanted = {"name": "a", "role": "viewer", "expires_seconds": 3601}
        assert (await program.post("/api/v1/api-tokens", json=wanted)).status_code == 403
        assert (await program.post("/api/v1/api-tokens", json=wanted | {"expires_seconds": 3600})).status_code == 201


async def test_tokens_of_others_are_out_of_sight() -> None:
    """Users see and revoke their own tokens; admins see and revoke all."""
    console = Console()
    await console.add_user()
    await console.add_user("bob")
    identity = (await console.api_token("bob")).split("_")[1]
    async with console.as_user() as alice, console.operator() as operator:
        assert (await alice.get("/api/v1/api-tokens")).json()["api_tokens"] == []
        assert (await alice.delete(f"/api/v1/api-tokens/{identity}")).status_code == 404
        assert len((await operator.get("/api/v1/api-tokens")).json()["api_tokens"]) == 1
        assert (await operator.delete(f"/api/v1/api-tokens/{identity}")).status_code == 204


async def test_a_token_ends_with_its_owner() -> None:
    """When its owner is shut out a token is good for nothing, and when they are let in again it is good again."""
    console = Console()
    await console.add_user()
    async with console.with_token(await console.api_token("alice", Role.VIEWER)) as program:
        async with console.operator() as operator:
            await operator.patch("/api/v1/users/alice", json={"disabled": True})
            assert (await program.get("/api/v1/session")).status_code == 401
            await operator.patch("/api/v1/users/alice", json={"disabled": False})
            assert (await program.get("/api/v1/session")).status_code == 200
            await operator.delete("/api/v1/users/alice")
        assert (await program.get("/api/v1/session")).status_code == 401
