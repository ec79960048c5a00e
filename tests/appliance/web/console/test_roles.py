"""Each route is asked by everybody there is; what comes of it is what the authorisation table says."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest
import pytest_asyncio

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.authorisation import LEAST, Audience, Least
from sysmon_appliance.web.console.api import ApiRoute
from sysmon_appliance.web.console.routes import API
from tests.support.console import Console

NOBODY = {"nobody", "disabled", "removed", "expired", "revoked", "idle"}
"""Those who are not let in, each for a reason of their own."""


async def allowed(client: httpx2.AsyncClient, route: ApiRoute) -> int | None:
    """Ask a route; return the status of a refusal that lies in who asks, and nothing else."""
    path = re.sub(r"\{[a-z]+\}", "x", route.path)
    method = "HEAD" if route.path.endswith("/events") else route.method
    answer = await client.request(method, path, content=b"" if route.body else None)
    refused = answer.status_code in {401, 403} and (
        method == "HEAD" or answer.json()["code"] in {"sign_in", "forbidden"}
    )
    return answer.status_code if refused else None


def expected(who: str, needed: Least) -> int | None:
    if needed is Audience.PUBLIC:
        return None
    if who in NOBODY:
        return 401
    if isinstance(needed, Role):
        return None if who == "socket" or Role(who).includes(needed) else 403
    return None if who == "socket" else 403


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody() -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """Clients of every kind, over one console."""
    console = Console()
    for role in Role:
        await console.add_user(f"a-{role}", role)
    for name in ("shut-out", "gone"):
        await console.add_user(name, Role.ADMIN)
    async with AsyncExitStack() as closing:
        enter = closing.enter_async_context
        idle = await enter(console.as_user("a-admin"))
        expired = await enter(console.with_token(await console.api_token("a-admin", Role.ADMIN, 60)))
        console.clock.advance(console.settings.session_idle_seconds)
        clients = {
            str(role): await enter(console.with_token(await console.api_token(f"a-{role}", role))) for role in Role
        }
        clients |= {
            "socket": await enter(console.operator()),
            "nobody": await enter(console.browser()),
            "disabled": await enter(console.with_token(await console.api_token("shut-out", Role.ADMIN))),
            "removed": await enter(console.with_token(await console.api_token("gone", Role.ADMIN))),
            "revoked": await enter(console.with_token(await console.api_token("a-admin", Role.ADMIN))),
            "expired": expired,
            "idle": idle,
        }
        await shut_out(console, clients["socket"], clients["revoked"])
        clients["nobody"].headers["x-sysmon"] = "1"
        yield clients


async def shut_out(console: Console, operator: httpx2.AsyncClient, revoked: httpx2.AsyncClient) -> None:
    await operator.patch("/api/v1/users/shut-out", json={"disabled": True})
    await operator.delete("/api/v1/users/gone")
    identity = revoked.headers["authorization"].split("_")[1]
    assert (await operator.delete(f"/api/v1/api-tokens/{identity}")).status_code == 204
    assert console.control.access.has_users


@pytest.mark.parametrize("route", API, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.asyncio(loop_scope="module")
async def test_each_route_as_everybody(everybody: dict[str, httpx2.AsyncClient], route: ApiRoute) -> None:
    """A route answers those whom the table allows, asks others to sign in, and refuses who may do too little."""
    needed = LEAST[route.method, route.path]
    found = {who: await allowed(client, route) for who, client in everybody.items()}
    assert found == {who: expected(who, needed) for who in everybody}
