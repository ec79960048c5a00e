"""The uplink: events in, actions out, no I/O and no clock of its own.

    PAUSED ──▶ CONNECTING ──▶ GREETING ──▶ IDLE ◀──▶ SENDING ◀──▶ HOLDING
       ▲            │             │                     │
       └────────────┴─────────────┴─────────────────────┘  failed, closed, or sent elsewhere

The truth about a stream is what the aggregator says: `stored`, in every reply. The uplink keeps one number, `next`,
and asks for a batch from there, so a lost reply, another cut or an aggregator that went back in time all lead to the
same place: the next answer says where to go on.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import ClassVar

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.backoff import Backoff
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
    Renewed,
    SayHello,
    SendBatch,
    SetAside,
    StartStream,
    Woken,
)
from sysmon_agent.wire.messages import Reply

ONLY_PEOPLE_HELP = frozenset({"cloned_identity", "unsupported_protocol"})
"""Codes of answers that no later attempt changes by itself."""

LONG_PAUSE_SECONDS = 300.0
"""After an answer that only a person can change."""

SHUT_OUT_SECONDS = 60.0
"""After 403: whoever lets this agent in should not wait long to see it."""

MAX_RETRY_AFTER_SECONDS = 3600.0
MAX_FRUITLESS_ROUNDS = 8
"""Answers in a row that move nothing before the uplink closes and backs off: two sides that disagree never spin."""


class State(Enum):
    PAUSED = auto()  # no connection, until a moment
    CONNECTING = auto()
    GREETING = auto()  # hello is under way
    IDLE = auto()  # everything is sent
    SENDING = auto()  # a batch is under way
    HOLDING = auto()  # connected, but told to wait


class Uplink:
    """Decides what to send to whom.

    Parameters
    ----------
    addresses
        Aggregators as HOST:PORT, in order of preference; at least one.
    settings
        Pauses and sizes.
    epoch
        The highest epoch that this agent has ever seen.
    draw
        Returns a random number from 0 to 1.
    """

    def __init__(
        self, addresses: Sequence[str], settings: UplinkSettings, *, epoch: int, draw: Callable[[], float]
    ) -> None:
        self._addresses = addresses
        self._settings = settings
        self._backoff = Backoff(settings.backoff_seconds, draw)
        self._turn = 0  # position in addresses
        self._until = 0.0  # end of a pause
        self._rounds = 0
        self._next = 1  # first number that the aggregator has not stored
        self._last = 0
        self._durable = 0
        self._durable_at = 0.0  # when durable moved last, or there was nothing to wait for
        self._samples = settings.batch_samples  # of a batch; less where an aggregator takes less
        self._renewed: Renewed | None = None  # a certificate that the connection does not show yet
        self._careful_until = 0  # up to this number ticks are sent one by one, to find the one that is refused
        self.epoch = epoch
        self.state = State.PAUSED

    @property
    def address(self) -> str:
        return self._addresses[self._turn % len(self._addresses)]

    @property
    def wake_at(self) -> float | None:
        """When `Woken` is due even if nothing happens, in the seconds that `handle` is given; None means never."""
        if self.state in {State.PAUSED, State.HOLDING}:
            return self._until
        return self._durable_at + self._settings.stall_seconds if self._may_stall() else None

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take note of an event at monotonic second `now`; return what to do."""
        return self._TRANSITIONS[self.state, type(event)](self, event, now)

    # Waiting

    def _resume(self, event: Woken, now: float) -> list[Action]:
        self._last = event.last
        if now < self._until:
            return []
        self.state = State.CONNECTING
        return [Connect(self.address)]

    def _go_on(self, event: Woken, now: float) -> list[Action]:
        if self._last <= self._durable:
            self._durable_at = now
        self._last = event.last
        if now < self._until:
            return []
        if self._may_stall() and now >= self._durable_at + self._settings.stall_seconds:
            return self._elsewhere(now)
        return self._send_or_rest(now)

    def _may_stall(self) -> bool:
        return len(self._addresses) > 1 and self._last > self._durable

    # Connections

    def _greet(self, _event: Connected, _now: float) -> list[Action]:
        self.state = State.GREETING
        return [SayHello()]

    def _elsewhere(self, now: float) -> list[Action]:
        """Close, and try the next aggregator after a pause."""
        self._turn += 1
        return self._pause(now + self._backoff.pause())

    def _lost(self, _event: Failed, now: float) -> list[Action]:
        return self._elsewhere(now)

    def _broken(self, event: Failed, now: float) -> list[Action]:
        """Reconnect at once when a connection that worked is gone: servers restart, and idle connections are closed."""
        if self._backoff.failures:
            return self._lost(event, now)
        self._backoff.pause()
        return self._pause(now)

    def _pause(self, until: float) -> list[Action]:
        self.state = State.PAUSED
        self._until = until
        self._rounds = 0
        renewed, self._renewed = self._renewed, None
        if renewed is None or not renewed.new_host:
            return [Close()]
        self._careful_until = 0
        return [Close(), StartStream()]

    # Certificates

    def _finish_first(self, event: Renewed, _now: float) -> list[Action]:
        """Let what is under way come to its end on the connection that it began on."""
        new_host = event.new_host or (self._renewed is not None and self._renewed.new_host)
        self._renewed = Renewed(new_host)
        return []

    def _reconnect(self, event: Renewed, now: float) -> list[Action]:
        """Connect anew, at once: a pause that the old certificate has earned does not concern the new one."""
        self._renewed = event
        return self._pause(now)

    def _reconnect_later(self, event: Renewed, _now: float) -> list[Action]:
        self._renewed = event
        return self._pause(self._until)

    def _hold(self, event: Refused, now: float) -> list[Action]:
        self._until = now + self._asked_pause(event)
        self.state = State.HOLDING
        return []

    def _asked_pause(self, event: Refused) -> float:
        if event.retry_after > 0:
            return self._backoff.requested(min(event.retry_after, MAX_RETRY_AFTER_SECONDS))
        return self._backoff.pause()

    # Answers

    def _greeted(self, event: Greeted, now: float) -> list[Action]:
        if event.reply.epoch < self.epoch:
            return self._elsewhere(now)
        self._last = event.last
        if event.reply.stored > event.last or _is_foreign(event):
            return self._start_over(now)
        self._durable_at = now
        return [*self._note(event.reply, now), *self._send_or_rest(now)]

    def _answered(self, event: Answered, now: float) -> list[Action]:
        if event.reply.epoch < self.epoch:
            return self._elsewhere(now)
        if event.reply.stored < self._next:
            return [*self._note(event.reply, now), *self._retry(now, self._batch())]
        self._backoff.reset()
        self._rounds = 0
        return [*self._note(event.reply, now), *self._send_or_rest(now)]

    def _start_over(self, now: float) -> list[Action]:
        self._careful_until = 0
        return self._retry(now, StartStream(), SayHello())

    def _note(self, reply: Reply, now: float) -> list[Action]:
        if reply.durable != self._durable or reply.durable >= self._last:
            self._durable_at = now
        self.epoch = reply.epoch
        self._next = reply.stored + 1
        self._durable = reply.durable
        return [Release(reply.durable, reply.epoch)]

    def _send_or_rest(self, now: float) -> list[Action]:
        if self._renewed:
            return self._pause(now)
        if self._next > self._last:
            self.state = State.IDLE
            return []
        self.state = State.SENDING
        return [self._batch()]

    def _batch(self, *, with_schema: bool = False) -> SendBatch:
        samples = 1 if self._next <= self._careful_until else self._samples
        return SendBatch(self._next, samples, with_schema)

    def _retry(self, now: float, *actions: Action) -> list[Action]:
        """Try something else, but not for ever."""
        self._rounds += 1
        if self._rounds > MAX_FRUITLESS_ROUNDS:
            return self._elsewhere(now)
        self.state = State.GREETING if isinstance(actions[-1], SayHello) else State.SENDING
        return list(actions)

    # Refusals

    def _hello_refused(self, event: Refused, now: float) -> list[Action]:
        if event.code in ONLY_PEOPLE_HELP:
            return self._pause(now + max(event.retry_after, LONG_PAUSE_SECONDS))
        if event.status == 403:
            return self._pause(now + max(event.retry_after, SHUT_OUT_SECONDS))
        self._turn += event.code == "not_leader"
        return self._pause(now + self._asked_pause(event))

    def _batch_refused(self, event: Refused, now: float) -> list[Action]:
        match event.code:
            case "need_schema":
                return self._retry(now, self._batch(with_schema=True))
            case "need_hello":
                return self._retry(now, SayHello())
            case "unexpected_tick":
                return self._move(event, now)
        if event.status == 403 or event.code in ONLY_PEOPLE_HELP | {"not_leader"}:
            return self._hello_refused(event, now)
        if event.status in {400, 413} and event.last >= event.first:
            return self._narrow(event, now)
        return self._hold(event, now)

    def _move(self, event: Refused, now: float) -> list[Action]:
        if event.expected > self._last + 1:
            return self._start_over(now)
        self._next = max(event.expected, 1)
        if self._next > self._last:
            return self._send_or_rest(now)
        return self._retry(now, self._batch())

    def _narrow(self, event: Refused, now: float) -> list[Action]:
        """Find the tick that is refused for good, and set that one aside: its neighbours are innocent."""
        if event.status == 413 and event.last > event.first:
            self._samples = max(self._samples // 2, 1)
            return self._retry(now, self._batch())
        if event.last > event.first and self._next > self._careful_until:
            self._careful_until = event.last
            return self._retry(now, self._batch())
        self._rounds = 0
        return [SetAside(event.first, event.last), *self._retry(now, self._batch())]

    _TRANSITIONS: ClassVar[dict[tuple[State, type[Event]], Callable[..., list[Action]]]] = {
        (State.PAUSED, Woken): _resume,
        (State.PAUSED, Renewed): _reconnect,
        (State.CONNECTING, Connected): _greet,
        (State.CONNECTING, Failed): _lost,
        (State.CONNECTING, Renewed): _finish_first,
        (State.GREETING, Greeted): _greeted,
        (State.GREETING, Refused): _hello_refused,
        (State.GREETING, Failed): _lost,
        (State.GREETING, Renewed): _finish_first,
        (State.IDLE, Woken): _go_on,
        (State.IDLE, Renewed): _reconnect,
        (State.HOLDING, Woken): _go_on,
        (State.HOLDING, Renewed): _reconnect_later,
        (State.SENDING, Answered): _answered,
        (State.SENDING, Refused): _batch_refused,
        (State.SENDING, Failed): _broken,
        (State.SENDING, Renewed): _finish_first,
    }


def _is_foreign(event: Greeted) -> bool:
    """Whether the aggregator has another tick under this number than the spool has."""
    theirs = event.reply.stored_wall_ms
    return theirs != 0 and event.own_wall_ms not in {None, theirs}
