"""The program that stays: what `sysmon-agent run` becomes once the settings are read.

It is started with a file descriptor from which it reads the settings, checked and as JSON, so that neither the reader
of settings nor that of the command line stays in memory. Which modules it may load is a tested list.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from threading import Event, Thread
from types import FrameType
from typing import Any, TypeVar

from sysmon_agent import collectors, identity, transport
from sysmon_agent.clock import Clock, SystemClock
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.errors import SysmonError
from sysmon_agent.logs import set_up_logging
from sysmon_agent.loop.collecting import Collecting
from sysmon_agent.loop.facts import boot_id, facts
from sysmon_agent.loop.sending import Channel, Sending
from sysmon_agent.spool import Spool
from sysmon_agent.uplink.machine import Uplink
from sysmon_agent.wire.messages import ClockPair, Hello

_log = logging.getLogger(__name__)

T = TypeVar("T")

FAREWELL_SECONDS = 1.0
"""How long the end may wait for a last delivery; what is not delivered then lies in the spool."""


def settings_from(kind: type[T], values: dict[str, Any]) -> T:
    """Build a settings value from what `dataclasses.asdict` and JSON have made of it."""
    built = {}
    for field in fields(kind):  # type: ignore[arg-type]
        value = values[field.name]
        if is_dataclass(field.type):
            value = settings_from(field.type, value)  # type: ignore[arg-type]
        built[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**built)


def run(settings: AgentSettings, clock: Clock, stop: Event, draw: Callable[[], float]) -> None:
    """Collect and deliver until `stop` is set."""
    boot = boot_id()
    interval_ms = round(settings.interval_seconds * 1000)
    spool = Spool(settings.spool, clock, boot_id=boot, new_stream_id=lambda: os.urandom(16))
    try:
        sending = Sending(
            Uplink(settings.aggregators, settings.uplink, epoch=spool.epoch, draw=draw),
            spool,
            clock,
            connect=_connector(settings, clock),
            describe=_describer(settings, spool, clock, boot_id=boot, interval_ms=interval_ms),
        )
        measure = collectors.build(settings.collect, clock, spool.used_bytes).tick
        collecting = Collecting(measure, spool, clock, boot_id=boot, interval_ms=interval_ms, grown=sending.wake)
        _work(collecting, sending, stop)
    finally:
        spool.close()


def _work(collecting: Collecting, sending: Sending, stop: Event) -> None:
    faults: list[Exception] = []
    sender = Thread(target=_deliver, args=(sending, stop, faults), name="sending", daemon=True)
    sender.start()
    collecting.run(stop)
    sending.stop()
    sender.join(FAREWELL_SECONDS)
    sending.abort()
    sender.join(FAREWELL_SECONDS)
    if faults:
        raise faults[0]


def _deliver(sending: Sending, stop: Event, faults: list[Exception]) -> None:
    """Deliver until the end; a fault of our own ends the agent, for whoever supervises it starts it anew."""
    try:
        sending.run()
    except Exception as fault:  # noqa: BLE001 - it is raised again where the agent ends
        faults.append(fault)
    finally:
        stop.set()


def _connector(settings: AgentSettings, clock: Clock) -> Callable[[str], Channel]:
    def connect(address: str) -> Channel:
        # Read for each connection, so that a renewed certificate is used without a restart.
        context = identity.load(settings.tls, clock).context
        return transport.connect(
            address, context, monotonic=clock.monotonic, timeout_seconds=settings.uplink.timeout_seconds
        )

    return connect


def _describer(
    settings: AgentSettings, spool: Spool, clock: Clock, *, boot_id: bytes, interval_ms: int
) -> Callable[[Channel], Hello]:
    known = facts(settings)

    def describe(channel: Channel) -> Hello:
        return Hello(
            stream_id=spool.stream_id,
            last=spool.last,
            boot_id=boot_id,
            interval_ms=interval_ms,
            sent=ClockPair(clock.wall_ms(), clock.boot_ms()),
            epoch=spool.epoch,
            facts=tuple(sorted((*known, ("host.ip", channel.local_address)))),
            labels=tuple(sorted(settings.labels.items())),
            tags=settings.tags,
            metadata=tuple(sorted(settings.metadata.items())),
        )

    return describe


def draw() -> float:
    """Return a random number from 0 to 1; the random module would be a quarter of a megabyte more."""
    return int.from_bytes(os.urandom(6), "big") / (1 << 48)


def _stop_on_signals(stop: Event) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def main(descriptor: int) -> None:
    """Read settings from an inherited descriptor, and work until SIGTERM or SIGINT."""
    with open(descriptor, "rb") as file:
        settings = settings_from(AgentSettings, json.load(file))
    set_up_logging(settings.log_level)
    stop = Event()
    _stop_on_signals(stop)
    _log.info("The agent starts.", extra={"interval_seconds": settings.interval_seconds})
    try:
        run(settings, SystemClock(), stop, draw)
    except SysmonError as error:
        _log.critical("The agent ends.", extra={"code": error.code, "reason": error.message, "hint": error.hint})
        sys.exit(error.exit_code)
    _log.info("The agent has stopped.")
