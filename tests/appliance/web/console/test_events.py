import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from sysmon_appliance.services.live import Event, Watcher
from sysmon_appliance.web.console.routes.events import frame, frames
from sysmon_appliance.web.console.sessions import cookie_name
from sysmon_appliance.web.servers import console_server
from tests.support.console import OPERATOR, PASSWORD, Console
from tests.support.head import START_MS, batch, host, schema, series

KNOWN = schema(series("system.uptime"))


@asynccontextmanager
async def served(console: Console) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve a console on loopback as the aggregator does, and sign in."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = console_server(console.app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
            await client.get(f"/link/{await console.new_link()}")
            yield client
        console.side.hub.close()
        server.should_exit = True
        await serving


async def lines_of(lines: AsyncIterator[str], count: int) -> list[str]:
    """Read so many lines that are not empty."""
    found: list[str] = []
    while len(found) < count:
        line = await anext(lines)
        found += [line] if line else []
    return found


def test_a_frame() -> None:
    """An event is written as browsers read it; where resuming is of no use it has no identity."""
    assert frame(Event("fleet", b"{}", "1-2")) == b"event: fleet\nid: 1-2\ndata: {}\n\n"
    assert frame(Event("ticks", b"{}")) == b"event: ticks\ndata: {}\n\n"


async def test_heartbeats() -> None:
    """While nothing happens a comment shows that the connection lives."""
    stream = frames(Watcher(asyncio.Queue()), lambda: True, heartbeat_seconds=0.01)
    assert [(await anext(stream))[:2] for _ in range(3)] == [b"re", b": ", b": "]


async def test_a_stream_ends_with_its_session() -> None:
    """A stream that a session opened does not outlive it."""
    watcher = Watcher(asyncio.Queue())
    watcher.tell(Event("fleet", b"{}"))
    stream = frames(watcher, lambda: False)
    assert [chunk async for chunk in stream] == [b"retry: 2000\n\n"]


async def test_events_reach_a_browser() -> None:
    """A browser that listens is told everything first, and then what changes."""
    console = Console([host(1)])
    async with served(console) as client, client.stream("GET", "/api/v1/events?host=host-1") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = await lines_of(answer.aiter_lines(), 4)
        assert [line.partition(":")[0] for line in lines] == ["retry", "event", "id", "data"]
        assert json.loads(lines[3].removeprefix("data: "))["full"] is True


async def test_points_reach_a_browser() -> None:
    """A browser that looks at a host sees its new points as they are stored."""
    console = Console([host(1)])
    async with served(console) as client, client.stream("GET", "/api/v1/events?host=host-1") as answer:
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("data"):
            pass
        console.store(batch(KNOWN, [(START_MS, (7.0,))]))
        while await anext(lines) != "event: ticks":
            pass
        document = json.loads((await anext(lines)).removeprefix("data: "))
    assert document["charts"]["uptime"]["series"] == [{"name": "uptime", "values": [7.0]}]


async def test_a_browser_that_leaves_is_forgotten() -> None:
    """When a browser closes its stream, nothing of it stays behind."""
    console = Console([host(1)])
    async with served(console) as client:
        async with client.stream("GET", "/api/v1/events") as answer:
            await lines_of(answer.aiter_lines(), 4)
            assert console.side.hub.watchers == 1
        async with asyncio.timeout(10):
            while console.side.hub.watchers:  # noqa: ASYNC110 - the hub has no reason to tell of it
                await asyncio.sleep(0.01)


async def test_too_many_streams() -> None:
    """When there are too many streams the next one is told when to come back."""
    console = Console()
    console.side.hub.close()
    async with console.signed_in() as browser:
        answer = await browser.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_watchers")
    assert answer.headers["retry-after"] == "10"


async def test_looking_at_the_stream_opens_none() -> None:
    """A HEAD request for the stream is answered at once."""
    console = Console()
    async with console.signed_in() as browser:
        assert (await browser.head("/api/v1/events")).status_code == 200
    assert console.side.hub.watchers == 0


async def test_streams_end_when_the_server_stops() -> None:
    """Stopping the aggregator does not wait for browsers that listen."""
    console = Console([host(1)])
    async with served(console) as client, client.stream("GET", "/api/v1/events") as answer:
        lines = answer.aiter_lines()
        await lines_of(lines, 4)
        console.side.hub.close()
        async with asyncio.timeout(10):
            assert [line async for line in lines if line] == []


@pytest.mark.parametrize("cookie", ["", f"{cookie_name(secure=False)}=guess"])
async def test_no_stream_without_a_session(cookie: str) -> None:
    """Nobody listens without a session."""
    async with Console().browser() as browser:
        assert (await browser.get("/api/v1/events", headers={"cookie": cookie})).status_code == 401


async def test_a_stream_ends_when_its_user_is_shut_out() -> None:
    """Somebody who is shut out while they watch hears no more."""
    console = Console([host(1)])
    await console.add_user()
    async with served(console) as client:
        await client.post("/api/v1/session", json={"user": "alice", "password": PASSWORD}, headers={"x-sysmon": "1"})
        async with client.stream("GET", "/api/v1/events") as answer:
            lines = answer.aiter_lines()
            await lines_of(lines, 4)
            await console.control.users.change(OPERATOR, "alice", disabled=True)
            console.side.hub.announce_past()
            assert [line async for line in lines if line] == []
