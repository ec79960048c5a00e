"""The sending half: performs what the uplink decides."""

import logging
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.errors import CertificateExpiredError, SysmonError
from sysmon_agent.loop.answers import refusal_in, reply_in
from sysmon_agent.loop.renewing import Notice
from sysmon_agent.spool import Spool
from sysmon_agent.spool.known import KnownAggregators
from sysmon_agent.transport import Response
from sysmon_agent.uplink.machine import ONLY_PEOPLE_HELP, Uplink
from sysmon_agent.uplink.signals import (
    Action,
    Answered,
    Close,
    Connect,
    Connected,
    Event,
    Failed,
    Greeted,
    Refused,
    Release,
    Remember,
    Renewed,
    SayHello,
    Seek,
    SendBatch,
    SetAside,
    StartStream,
    Woken,
)
from sysmon_agent.wire.encode import encode_batch, encode_hello
from sysmon_agent.wire.messages import ClockPair, Hello, Reply
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH

_log = logging.getLogger(__name__)

MAX_COMPLAINTS = 32
"""Reasons that are kept so as not to be logged again while several aggregators fail in turn."""

_NOTICES = {"certificate_expired": Notice.EXPIRED, "cloned_identity": Notice.CLONED}
"""What refusals say about the certificate, by their code."""


class Channel(Protocol):
    """A connection to an aggregator."""

    @property
    def local_address(self) -> str: ...
    def post(self, path: str, body: bytes) -> Response:
        """Send a message and return the answer; raises TransportError when there is none."""

    def close(self) -> None: ...
    def abort(self) -> None:
        """Make a `post` that another thread waits in fail now."""


class Sending:
    """Delivers what is in the spool.

    Parameters
    ----------
    connect
        Opens a channel to HOST:PORT; raises TransportError or IdentityError.
    describe
        Returns the hello for a channel.
    notice
        Hears what aggregators say about the certificate.
    known
        Where addresses of aggregators are remembered.
    seek
        Has more of them looked for, which takes its time elsewhere.
    """

    def __init__(
        self,
        uplink: Uplink,
        spool: Spool,
        clock: Clock,
        *,
        connect: Callable[[str], Channel],
        describe: Callable[[Channel], Hello],
        notice: Callable[[Notice], None],
        known: KnownAggregators,
        seek: Callable[[], None],
    ) -> None:
        self._uplink = uplink
        self._spool = spool
        self._clock = clock
        self._connect = connect
        self._describe = describe
        self._notice = notice
        self._known = known
        self._seek = seek
        self._channel: Channel | None = None
        self._refused_body = b""
        self._complaints: set[str] = set()  # since something was delivered
        self._renewed: Renewed | None = None
        self._woken = Flag()
        self._stopping = False

    # Running

    def run(self) -> None:
        """Deliver until `stop` is called, and once more then."""
        while not self._stopping:
            self.deliver()
            self._woken.wait(self._patience())
            self._woken.clear()
        self.deliver()
        self._close()

    def wake(self) -> None:
        """Say that the spool has grown."""
        self._woken.set()

    def use_certificate(self, *, new_host: bool) -> None:
        """Say that there is another certificate; what is under way is not disturbed."""
        self._renewed = Renewed(new_host)
        self._woken.set()

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()

    def abort(self) -> None:
        """Give up what is under way."""
        if channel := self._channel:
            channel.abort()

    def deliver(self) -> None:
        """Do all that can be done now."""
        if self._known.has_changed():
            self._uplink.learn(self._known.read())
        event: Event | None = Woken(self._spool.last)
        while event:
            self._tell_of_certificate()
            event = self._perform(self._uplink.handle(event, self._clock.monotonic()))
            if event:
                self._listen(event)
                self._report(event)

    def _tell_of_certificate(self) -> None:
        renewed, self._renewed = self._renewed, None
        if renewed:
            self._perform(self._uplink.handle(renewed, self._clock.monotonic()))

    def _patience(self) -> float | None:
        wake_at = self._uplink.wake_at
        return None if wake_at is None else max(wake_at - self._clock.monotonic(), 0)

    # Actions

    def _perform(self, actions: Sequence[Action]) -> Event | None:
        """Perform actions up to the first that has an outcome."""
        for action in actions:
            if outcome := self._do(action):
                return outcome
        return None

    def _do(self, action: Action) -> Event | None:
        try:
            match action:
                case Connect(address):
                    self._channel = self._connect(address)
                    return Connected()
                case SayHello():
                    return self._say_hello()
                case SendBatch():
                    return self._send(action)
                case _:
                    self._settle(action)
        except CertificateExpiredError as error:
            self._notice(Notice.EXPIRED)
            return Failed(str(error))
        except (SysmonError, OSError) as error:
            return Failed(str(error))
        return None

    def _settle(self, action: Action) -> None:
        """Perform an action that asks nobody."""
        match action:
            case Close():
                self._close()
            case Release(durable, epoch):
                self._spool.release(durable, epoch)
            case StartStream():
                self._start_stream()
            case Seek():
                self._seek()
            case Remember(addresses):
                self._remember(addresses)
            case SetAside(first, last):
                _log.error("The aggregator refuses a tick for good; it is set aside.", extra={"tick": first})
                self._spool.set_aside(first, last, self._refused_body)

    def _say_hello(self) -> Event:
        channel = self._open_channel()
        hello = self._describe(channel)
        response = channel.post(HELLO_PATH, encode_hello(hello))
        reply = reply_in(response)
        if isinstance(reply, Reply):
            return Greeted(reply, hello.last, self._spool.wall_ms_of(reply.stored))
        return reply or refusal_in(response)

    def _send(self, action: SendBatch) -> Event:
        sent = ClockPair(self._clock.wall_ms(), self._clock.boot_ms())
        batch = self._spool.cut(action.first, action.samples, sent, with_schema=action.with_schema)
        if batch is None:
            return Failed(f"The spool holds no tick {action.first}.")
        body = encode_batch(batch)
        response = self._open_channel().post(BATCHES_PATH, body)
        reply = reply_in(response)
        if isinstance(reply, Reply):
            return Answered(reply)
        self._refused_body = body
        return reply or refusal_in(response, first=batch.first, last=batch.last)

    def _remember(self, addresses: tuple[str, ...]) -> None:
        try:
            self._known.write(addresses)
        except OSError as error:
            _log.warning("Addresses of aggregators cannot be remembered.", extra={"reason": error.strerror})

    def _start_stream(self) -> None:
        before = self._spool.stream_id.hex()
        self._spool.start_stream()
        _log.warning(
            "The aggregator has another history of this stream: the spool was restored or copied. A new stream begins.",
            extra={"before": before, "stream": self._spool.stream_id.hex()},
        )

    def _open_channel(self) -> Channel:
        if self._channel is None:
            raise OSError("there is no connection")
        return self._channel

    def _close(self) -> None:
        if self._channel:
            self._channel.close()
            self._channel = None

    # Reports

    def _listen(self, event: Event) -> None:
        """Pass on what an answer says about the certificate."""
        match event:
            case Greeted(reply) | Answered(reply) if reply.renew:
                self._notice(Notice.RENEW)
            case Refused(_, code) if code in _NOTICES:
                self._notice(_NOTICES[code])

    def _report(self, event: Event) -> None:
        """Log what people should know, once, not at each attempt."""
        match event:
            case Failed(reason):
                self._complain(logging.WARNING, reason)
            case Refused(status, code) if status == 403 or code in ONLY_PEOPLE_HELP:
                self._complain(logging.ERROR, f"The aggregator refuses this agent: {code or status}.")
            case Refused(_, "not_leader"):
                self._complain(logging.INFO, "The aggregator does not lead.")
            case Refused(status, code) if status != 409:
                self._complain(logging.WARNING, f"The aggregator answers {status} {code}.")
            case Greeted(reply) | Answered(reply) if reply.epoch < self._uplink.epoch:
                self._complain(logging.WARNING, f"The aggregator is of epoch {reply.epoch}, an old one; it is ignored.")
            case Answered() if self._complaints:
                _log.info("Batches are delivered again.", extra={"aggregator": self._uplink.address})
                self._complaints.clear()

    def _complain(self, level: int, complaint: str) -> None:
        if complaint in self._complaints:
            return
        _log.log(level, "Delivery waits.", extra={"aggregator": self._uplink.address, "reason": complaint})
        if len(self._complaints) == MAX_COMPLAINTS:
            self._complaints.clear()
        self._complaints.add(complaint)
