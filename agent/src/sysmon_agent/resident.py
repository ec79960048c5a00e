"""The program that stays: what `sysmon-agent run` becomes once the settings are read.

It is started with a file descriptor from which it reads the settings, checked and as JSON, so that neither the reader
of settings nor that of the command line stays in memory. Which modules it may load is a tested list.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from threading import Event, Thread
from types import FrameType

from sysmon_agent import collectors, identity, transport
from sysmon_agent.clock import Clock, SystemClock
from sysmon_agent.config.handing import settings_from
from sysmon_agent.config.sealing import seal_key
from sysmon_agent.config.values import AgentSettings, ConsulSettings
from sysmon_agent.errors import ExitCode, SysmonError
from sysmon_agent.logs import set_up_logging
from sysmon_agent.loop.collecting import Collecting
from sysmon_agent.loop.facts import boot_id, facts
from sysmon_agent.loop.renewing import Renew, Renewing
from sysmon_agent.loop.seeking import Seeking
from sysmon_agent.loop.sending import Channel, Sending
from sysmon_agent.spool import Spool
from sysmon_agent.spool.known import KnownAggregators
from sysmon_agent.uplink.machine import Uplink
from sysmon_agent.wire.messages import ClockPair, Hello

_log = logging.getLogger(__name__)

FAREWELL_SECONDS = 1.0
"""How long the end may wait for a last delivery; what is not delivered then lies in the spool."""

CHILD_SECONDS = 0.2
"""How often a child is looked at while it works, which takes it a second or two in as many days."""

REGISTER_MS = 300_000
"""How often this host tells Consul that it runs, a third of the time after which Consul takes it for gone."""

CHILD_LOOKS = 3000
"""How often at most: a child that hangs, such as on a name server or a lock, is ended after ten minutes."""


def run(
    settings: AgentSettings,
    clock: Clock,
    stop: Event,
    *,
    connect: Callable[[str], Channel],
    renew: Renew,
    discover: Callable[[], None],
    draw: Callable[[], float],
) -> None:
    """Collect and deliver until `stop` is set.

    Parameters
    ----------
    connect
        Opens a channel to HOST:PORT; raises TransportError or IdentityError.
    renew
        Runs the child that renews the certificate.
    discover
        Runs the child that asks Consul.
    draw
        Returns a random number from 0 to 1.
    """
    boot = boot_id()
    interval_ms = round(settings.interval_seconds * 1000)
    spool = Spool(settings.spool, clock, boot_id=boot, new_stream_id=lambda: os.urandom(16))
    try:
        seeking = _seeking(settings.consul, discover, clock)
        errands = (seeking.look,) if seeking else ()
        renewing = Renewing(settings.tls.certificate, clock, renew=renew, draw=draw, errands=errands)
        sending = Sending(
            Uplink(settings.aggregators, settings.uplink, epoch=spool.epoch, draw=draw),
            spool,
            clock,
            connect=connect,
            describe=_describer(settings, spool, clock, boot_id=boot, interval_ms=interval_ms),
            notice=renewing.notice,
            known=KnownAggregators(settings.spool.directory),
            seek=_seeker(seeking, renewing),
        )
        measure = collectors.build(settings.collect, clock, spool).tick
        collecting = Collecting(measure, spool, clock, boot_id=boot, interval_ms=interval_ms, grown=sending.wake)
        _work(collecting, sending, renewing, stop)
    finally:
        spool.close()


def _seeking(settings: ConsulSettings, discover: Callable[[], None], clock: Clock) -> Seeking | None:
    if not settings.url:
        return None
    return Seeking(discover, clock, every_ms=REGISTER_MS if settings.register == "yes" else 0)


def _seeker(seeking: Seeking | None, renewing: Renewing) -> Callable[[], None]:
    def seek() -> None:
        if seeking:
            seeking.want()
            renewing.wake()

    return seek


def _work(collecting: Collecting, sending: Sending, renewing: Renewing, stop: Event) -> None:
    faults: list[Exception] = []
    sender = _started("sending", sending.run, stop, faults)
    renewer = _started("renewing", lambda: renewing.run(sending.use_certificate), stop, faults)
    collecting.run(stop)
    renewing.stop()
    sending.stop()
    sender.join(FAREWELL_SECONDS)
    sending.abort()
    for thread in (sender, renewer):
        thread.join(FAREWELL_SECONDS)
    if faults:
        raise faults[0]


def _started(name: str, work: Callable[[], None], stop: Event, faults: list[Exception]) -> Thread:
    """Start a thread; a fault of our own ends the agent, for whoever supervises it starts it anew."""

    def run() -> None:
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - it is raised again where the agent ends
            faults.append(fault)
        finally:
            stop.set()

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _connector(settings: AgentSettings, clock: Clock, environ: Mapping[str, str]) -> Callable[[str], Channel]:
    def connect(address: str) -> Channel:
        # Read for each connection, so that a renewed certificate and authority are used without a restart.
        ours = identity.load(settings.tls, clock, seal_key=seal_key(environ))
        return transport.connect(
            address,
            ours.context,
            monotonic=clock.monotonic,
            timeout_seconds=settings.uplink.timeout_seconds,
            region=ours.certificate.peer.region,
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


class _Children:
    """Runs other commands of this program; they inherit the descriptor from which this one has its settings."""

    def __init__(self, descriptor: int, environ: Mapping[str, str], stop: Event) -> None:
        self._descriptor = descriptor
        self._environ = environ
        self._stop = stop

    def renew(self, *, clone: bool) -> int:
        return self._run("renew", *(["--clone"] if clone else []))

    def discover(self) -> None:
        self._run("discover")

    def _run(self, command: str, *options: str) -> int:
        arguments = [sys.executable, "-P", "-m", "sysmon_agent", command, "--inherited", str(self._descriptor)]
        try:
            child = os.posix_spawn(sys.executable, [*arguments, *options], self._environ)
        except OSError as error:  # no memory or no room for a process; it is tried again later
            _log.warning("A command could not be run.", extra={"command": command, "reason": error.strerror})
            return ExitCode.FAILURE
        return _outcome(child, self._stop)


def _outcome(child: int, stop: Event, *, looks: int = CHILD_LOOKS) -> int:
    """Wait for a child and return its exit code; a child outlives neither this program nor its time."""
    for _ in range(looks):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if stop.wait(CHILD_SECONDS):
            break
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def draw() -> float:
    """Return a random number from 0 to 1; the random module would be a quarter of a megabyte more."""
    return int.from_bytes(os.urandom(6), "big") / (1 << 48)


def _stop_on_signals(stop: Event) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever starts this program may ignore it, and children were lost


def main(descriptor: int, environ: Mapping[str, str]) -> None:
    """Read settings from an inherited descriptor, which stays open for children, and work until SIGTERM or SIGINT."""
    with open(descriptor, "rb", closefd=False) as file:
        settings = settings_from(AgentSettings, json.load(file))
    set_up_logging(settings.log_level)
    clock, stop = SystemClock(), Event()
    children = _Children(descriptor, environ, stop)
    _stop_on_signals(stop)
    _log.info("The agent starts.", extra={"interval_seconds": settings.interval_seconds})
    try:
        run(
            settings,
            clock,
            stop,
            connect=_connector(settings, clock, environ),
            renew=children.renew,
            discover=children.discover,
            draw=draw,
        )
    except SysmonError as error:
        _log.critical("The agent ends.", extra={"code": error.code, "reason": error.message, "hint": error.hint})
        sys.exit(error.exit_code)
    _log.info("The agent has stopped.")
