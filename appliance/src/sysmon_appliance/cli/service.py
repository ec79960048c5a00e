"""Runs the aggregator as a process: signals, logging, and telling the init system."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
from collections.abc import Mapping

import uvloop

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.sealing import seal_key
from sysmon_agent.logs import set_up_logging
from sysmon_appliance.bootstrap import Aggregator, build
from sysmon_appliance.cli.init_system import InitSystem
from sysmon_appliance.config import AggregatorSettings

_log = logging.getLogger(__name__)


def serve(settings: AggregatorSettings, environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT; return when everything that was accepted is on disk."""
    set_up_logging(settings.log_level, quiet=("uvicorn", "asyncio"))
    _raise_file_limit()
    with build(settings, SystemClock(), key_passphrase=seal_key(environ)) as aggregator:
        uvloop.run(_run(aggregator, InitSystem.of(environ)))


async def _run(aggregator: Aggregator, init: InitSystem) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    alive = asyncio.ensure_future(init.keep_alive(stop))
    try:
        await aggregator.serve(stop, lambda: _ready(aggregator, init))
    finally:
        stop.set()
        await alive
    _log.info("The aggregator has stopped.")


def _ready(aggregator: Aggregator, init: InitSystem) -> None:
    _relax_collector()
    _log.info(
        "The aggregator is ready.",
        extra={"ingest": str(aggregator.ingest_address), "console": str(aggregator.console_address)},
    )
    init.ready()


def _raise_file_limit() -> None:
    """Allow as many open files as the system permits: each agent's connection is one, and the usual limit is 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS names a limit here that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _relax_collector() -> None:
    """Let the garbage collector look at what is new, and less often.

    Thousands of batches wait for their commit at any moment and then go without its help: searching them for cycles
    was a tenth of the cost of a push. What was loaded at start stays for good and is never searched again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
