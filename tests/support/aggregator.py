"""A whole aggregator in the test's own event loop, as the composition root builds it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from sysmon_agent.clock import SystemClock
from sysmon_appliance.bootstrap import Aggregator, build
from sysmon_appliance.config import AggregatorSettings, ConsoleSettings, IngestSettings
from sysmon_appliance.pki.local import LOCAL_REGION
from tests.support.authority import LocalAuthority


def settings_in(folder: Path) -> AggregatorSettings:
    """Settings of an aggregator whose files are all in `folder`, and whose ports the system chooses."""
    issued = LocalAuthority.open(folder / "pki", SystemClock()).aggregator()
    return AggregatorSettings(
        region=LOCAL_REGION,
        data=str(folder / "live"),
        ingest=IngestSettings(
            listen="127.0.0.1:0",
            certificate=str(issued.certificate),
            key=str(issued.key),
            authority=str(issued.authority),
            commit_milliseconds=1,
        ),
        console=ConsoleSettings(listen="127.0.0.1:0", socket=str(folder / "s.sock")),
    )


@asynccontextmanager
async def running(settings: AggregatorSettings) -> AsyncIterator[Aggregator]:
    """An aggregator from ready to stopped."""
    with build(settings, SystemClock()) as aggregator:
        stop, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(aggregator.serve(stop, ready.set))
        await asyncio.wait_for(ready.wait(), 60)
        try:
            yield aggregator
        finally:
            stop.set()
            await asyncio.wait_for(serving, 60)


def over(path: str) -> httpx2.AsyncClient:
    """Make a client that asks over a Unix socket."""
    return httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=path), base_url="http://localhost")
