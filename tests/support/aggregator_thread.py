"""A whole aggregator on an event loop of its own, for tests whose other side blocks."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

from sysmon_appliance.bootstrap import Aggregator
from sysmon_appliance.config import AggregatorSettings
from tests.support.aggregator import running


@contextmanager
def running_in_a_thread(settings: AggregatorSettings) -> Iterator[Aggregator]:
    """An aggregator from ready to stopped."""
    started: Future[Aggregator] = Future()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = Thread(target=_run, args=(loop, settings, started, stop))
    thread.start()
    try:
        yield started.result(60)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)


def _run(
    loop: asyncio.AbstractEventLoop, settings: AggregatorSettings, started: Future[Aggregator], stop: asyncio.Event
) -> None:
    async def run() -> None:
        async with running(settings) as aggregator:
            started.set_result(aggregator)
            await stop.wait()

    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())
    except BaseException as error:
        if not started.done():
            started.set_exception(error)
        raise
