"""A whole aggregator that commands reach by its URL, over TLS, as from another machine."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_appliance.bootstrap import Aggregator
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.pki.aggregator import console_files
from tests.support.aggregator import running, settings_in
from tests.support.pki import REGION, station


@dataclass(frozen=True)
class Elsewhere:
    url: str
    socket: Path
    authority: Path


@contextmanager
def elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """Serve from a thread of its own until the block ends."""
    settings = _settings(folder)
    with in_thread(settings) as aggregator:
        url = f"https://127.0.0.1:{aggregator.console_address.port}"
        yield Elsewhere(url, Path(settings.console.socket), Path(settings.ingest.authority))


def _settings(folder: Path) -> AggregatorSettings:
    """Settings of an aggregator with an intermediate, whose console shows a certificate of its own making."""
    made, settings = station(folder, SystemClock()), settings_in(folder / "local")
    pki = made.files.folder
    ingest = replace(
        settings.ingest,
        certificate=str(pki / "aggregator.pem"),
        key=str(pki / "aggregator-key.pem"),
        authority=str(made.files.authority),
    )
    settings = replace(settings, region=REGION, ingest=ingest)
    shown = console_files(settings)
    console = replace(settings.console, certificate=str(shown.certificate), key=str(shown.key))
    return replace(settings, console=console)


@contextmanager
def in_thread(settings: AggregatorSettings) -> Iterator[Aggregator]:
    """Run an aggregator from ready to stopped, on an event loop in a thread of its own."""
    ready: Future[Aggregator] = Future()
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with running(settings) as aggregator:
            ready.set_result(aggregator)
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ready.result(60)
    finally:
        if loops and thread.is_alive():
            loops[0].call_soon_threadsafe(stop.set)
        thread.join()
