"""The aggregator has one event loop: whatever is asked of it, the loop itself waits for no disk and no lock."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import blockbuster
import httpx2
import pytest
import uvloop

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.bootstrap import Aggregator
from sysmon_appliance.sqlite.connection import open_reader
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.aggregator import over, running, settings_in
from tests.support.authority import LocalAuthority
from tests.support.pushes import HOST, a_body, a_hello
from tests.support.raw_agent import RawAgent, tls_context

OURS = ["sysmon_appliance", "sysmon_agent"]
REQUESTS = (
    "GET /",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /version",
    "GET /api/v1/fleet",
    "GET /api/v1/hosts",
    f"GET /api/v1/hosts/{HOST}",
    f"GET /api/v1/hosts/{HOST}/range?metric=system.uptime",
    f"GET /api/v1/hosts/{HOST}/charts",
    f"GET /api/v1/hosts/{HOST}/processes",
    f"GET /api/v1/hosts/{HOST}/processes/top",
    f"GET /api/v1/hosts/compare?host={HOST}&host={HOST}",
    "GET /api/v1/ledger",
    "GET /api/v1/openapi.json",
    "DELETE /api/v1/session",
)


@pytest.fixture
def guard() -> Iterator[blockbuster.BlockBuster]:
    """What raises when code of ours blocks a loop; SQLite and syncing are added to what is watched by default."""
    watched = blockbuster.BlockBuster(OURS)
    for owner, name in ((apsw.Connection, "execute"), (apsw.Connection, "pragma")):
        watched.functions[f"apsw.{name}"] = blockbuster.BlockBusterFunction(owner, name, scanned_modules=OURS)
    for name in ("os.open", "os.fsync", "os.fdatasync"):
        watched.functions[name] = blockbuster.BlockBusterFunction(None, name, scanned_modules=OURS)
    yield watched
    watched.deactivate()


def push(aggregator: Aggregator, folder: Path, *numbers: int) -> None:
    """Say hello and push as an agent does; the last batch comes twice, and one is refused."""
    issued = LocalAuthority.open(folder / "pki", SystemClock()).agent(HOST)
    agent = RawAgent(aggregator.ingest_address.port, tls_context(str(issued.authority), issued))
    assert agent.post("/v1/hello", encode_hello(a_hello(last=numbers[0] - 1))).status == 200
    assert {agent.post("/v1/batches", a_body(number)).status for number in (*numbers, numbers[-1])} == {200}
    assert agent.post("/v1/batches", a_body(99)).status == 409
    agent.close()


async def ask_everything(client: httpx2.AsyncClient) -> None:
    """Send every request that the console and the commands have, and sign a browser in."""
    for request in REQUESTS:
        method, _, path = request.partition(" ")
        answer = await client.request(method, path, headers={"X-Sysmon": "1"})
        assert answer.status_code < 500, (request, answer.text)
    link = (await client.post("/api/v1/links")).json()["url"]
    assert (await client.get(link)).status_code == 303


async def events(lines: AsyncIterator[str], *names: str) -> None:
    """Read a stream of events until each of these has come."""
    missing = set(names)
    async with asyncio.timeout(60):
        while missing:
            missing.discard((await anext(lines)).removeprefix("event: "))


def test_the_loop_never_blocks(
    tmp_path: Path, guard: blockbuster.BlockBuster, caplog: pytest.LogCaptureFixture
) -> None:
    """While agents push, pages read and watch, and browsers sign in, no code of ours blocks the event loop."""

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with running(settings) as aggregator, over(settings.console.socket) as client:
            guard.activate()
            await asyncio.to_thread(push, aggregator, tmp_path, 1, 2, 3)
            async with client.stream("GET", f"/api/v1/events?host={HOST}") as stream:
                lines = stream.aiter_lines()
                await events(lines, "fleet")
                await asyncio.to_thread(push, aggregator, tmp_path, 4, 5)
                await ask_everything(client)
                await events(lines, "ticks", "fleet")
            guard.deactivate()

    with caplog.at_level(logging.DEBUG):
        uvloop.run(scenario())
    assert "BlockingError" not in caplog.text


def test_a_loop_that_blocks_would_be_noticed(tmp_path: Path, guard: blockbuster.BlockBuster) -> None:
    """The guard raises where the loop reads the database itself, and not where a thread does."""

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with running(settings):
            path = Path(settings.data) / FILE_NAME
            guard.activate()
            with pytest.raises(blockbuster.BlockingError):
                open_reader(path)
            (await asyncio.to_thread(open_reader, path)).close()
            guard.deactivate()

    uvloop.run(scenario())
