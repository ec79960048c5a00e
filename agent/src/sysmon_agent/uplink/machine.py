"""The uplink: events in, actions out, no I/O and no clock of its own.

    PAUSED ──▶ CONNECTING ──▶ GREETING ──▶ IDLE ◀──▶ SENDING ◀──▶ HOLDING
       ▲            │          │ ▲  ▲        │          │
       │            │          ▼ │  └────────┘ durable? │
       │            │        WAITING for a leader       │
       └────────────┴────────────┴──────────────────────┘  failed, closed, or sent elsewhere

The truth about a stream is what the aggregator says: `stored`, in every reply. The uplink keeps one number, `next`,
and asks for a batch from there, so a lost reply, another cut, an aggregator that went back in time or a new leader
that never got what the old one had stored all lead to the same place: the next answer says where to go on.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import ClassVar

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.cursor import Cursor
from sysmon_agent.uplink.journey import Journey
from sysmon_agent.uplink.route import Route
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
    StartStream,
    Woken,
)
from sysmon_agent.uplink.standstill import Standstill
from sysmon_agent.wire.messages import Reply

ONLY_PEOPLE_HELP = frozenset({"cloned_identity", "unsupported_protocol"})
"""Codes of answers that no later attempt changes by itself."""

LONG_PAUSE_SECONDS = 300.0
"""After an answer that only a person can change."""

SHUT_OUT_SECONDS = 60.0
"""After 403: whoever lets this agent in should not wait long to see it."""

MAX_FRUITLESS_ROUNDS = 8
"""Answers in a row that move nothing before the uplink closes and backs off: two sides that disagree never spin."""

SILENCE_SHARE = 0.5
"""Whoever was silent for this share of the time that an answer may take, and then gone, is not tried again at once: it
hangs, or its host does."""

SEEK_SECONDS = 60.0
"""After this time without any answer, and then as often, aggregators are looked for elsewhere."""


class State(Enum):
    PAUSED = auto()  # no connection, until a moment
    CONNECTING = auto()
    GREETING = auto()  # hello is under way
    WAITING = auto()  # connected to one that does not lead, and names nobody else
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
        self,
        addresses: Sequence[str],
        settings: UplinkSettings,
        *,
        epoch: int,
        draw: Callable[[], float],
    ) -> None:
        self._route = Route(addresses)
        self._journey = Journey(self._route, settings, draw)
        self._cursor = Cursor(settings.batch_samples)
        self._standstill = Standstill(settings.stall_seconds)
        self._silence = SILENCE_SHARE * settings.timeout_seconds
        self._until = 0.0  # end of a pause
        self._rounds = 0
        self._welcome = False  # whether the connection has been of use
        self._asked_at = 0.0  # when something was sent last that is to be answered
        self._answered_at = 0.0
        self._renewed: Renewed | None = None  # a certificate that the connection does not show yet
        self.epoch = epoch
        self.state = State.PAUSED

    @property
    def address(self) -> str:
        return self._route.current

    @property
    def wake_at(self) -> float | None:
        """When `Woken` is due even if nothing happens, in the seconds that `handle` is given; None means never."""
        if self.state in {State.PAUSED, State.HOLDING, State.WAITING}:
            return self._until
        if self._cursor.last <= self._standstill.durable:
            return None
        due = self._standstill.ask_at
        return min(due, self._standstill.leave_at) if self._has_others() else due

    def learn(self, addresses: Iterable[str]) -> None:
        """Take note of addresses that were found elsewhere."""
        self._route.learn(addresses)

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take note of an event at monotonic second `now`; return what to do."""
        if isinstance(event, Greeted | Answered | Refused):
            self._answered_at = now
        return self._TRANSITIONS[self.state, type(event)](self, event, now)

    # Waiting

    def _resume(self, event: Woken, now: float) -> list[Action]:
        self._cursor.last = event.last
        if now < self._until:
            return []
        self.state = State.CONNECTING
        return [Connect(self.address)]

    def _go_on(self, event: Woken, now: float) -> list[Action]:
        self._standstill.wait_for(self._cursor.last, now)
        self._cursor.last = event.last
        if now < self._until:
            return []
        if self._waits_for_durable() and self._has_others() and now >= self._standstill.leave_at:
            return self._leave(now)
        if self._cursor.at_end and self._waits_for_durable() and now >= self._standstill.ask_at:
            return self._ask(now)
        return self._send_or_rest(now)

    def _waits_for_durable(self) -> bool:
        return self._cursor.last > self._standstill.durable

    def _has_others(self) -> bool:
        return len(self._route.addresses) > 1

    def _ask(self, now: float) -> list[Action]:
        self.state = State.GREETING
        self._asked_at = now
        return [SayHello()]

    def _ask_again(self, event: Woken, now: float) -> list[Action]:
        self._cursor.last = event.last
        if now < self._until:
            return []
        self._standstill.start(now)
        return self._ask(now)

    # Connections

    def _greet(self, _event: Connected, now: float) -> list[Action]:
        self._welcome = False
        self._standstill.start(now)
        return self._ask(now)

    def _elsewhere(self, now: float) -> list[Action]:
        """Close, and try another aggregator."""
        seek = self._seek(now)
        return [*self._pause(now + self._journey.go_on()), *seek]

    def _seek(self, now: float) -> list[Action]:
        if now < self._answered_at + SEEK_SECONDS:
            return []
        self._answered_at = now
        return [Seek()]

    def _leave(self, now: float) -> list[Action]:
        self._standstill.leave()
        return self._pause(now + self._journey.leave())

    def _lost(self, _event: Failed, now: float) -> list[Action]:
        return self._elsewhere(now)

    def _unanswered(self, event: Failed, now: float) -> list[Action]:
        return self._broken(event, now) if self._welcome else self._lost(event, now)

    def _broken(self, event: Failed, now: float) -> list[Action]:
        """Reconnect at once when a connection that worked is gone: servers restart, and idle connections are closed."""
        if not self._journey.is_smooth or now - self._asked_at > self._silence:
            return self._lost(event, now)
        return self._pause(now + self._journey.at_once())

    def _pause(self, until: float) -> list[Action]:
        self.state = State.PAUSED
        self._until = until
        self._rounds = 0
        renewed, self._renewed = self._renewed, None
        if renewed is None or not renewed.new_host:
            return [Close()]
        self._cursor.trust()
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
        self._until = now + self._journey.pause(event.retry_after)
        self.state = State.HOLDING
        return []

    # Answers

    def _greeted(self, event: Greeted, now: float) -> list[Action]:
        if event.reply.epoch < self.epoch:
            return self._elsewhere(now)
        self._cursor.last = event.last
        if event.reply.stored > event.last or _is_foreign(event):
            return self._start_over(now)
        if event.reply.stored == event.last:
            self._journey.arrive()
        return [*self._note(event.reply, now), *self._send_or_rest(now)]

    def _answered(self, event: Answered, now: float) -> list[Action]:
        if event.reply.epoch < self.epoch:
            return self._elsewhere(now)
        if event.reply.stored < self._cursor.next:
            return [*self._note(event.reply, now), *self._retry(now, self._cursor.batch())]
        self._journey.settle()
        self._rounds = 0
        return [*self._note(event.reply, now), *self._send_or_rest(now)]

    def _start_over(self, now: float) -> list[Action]:
        self._cursor.trust()
        return self._retry(now, StartStream(), SayHello())

    def _note(self, reply: Reply, now: float) -> list[Action]:
        self._welcome = True
        self._standstill.note(reply.durable, self._cursor.last, now)
        self.epoch = reply.epoch
        self._cursor.next = reply.stored + 1
        return [Release(reply.durable, reply.epoch)]

    def _send_or_rest(self, now: float) -> list[Action]:
        if self._renewed:
            return self._pause(now)
        if self._cursor.at_end:
            self.state = State.IDLE
            return []
        self.state = State.SENDING
        self._asked_at = now
        return [self._cursor.batch()]

    def _retry(self, now: float, *actions: Action) -> list[Action]:
        """Try something else, but not for ever."""
        self._rounds += 1
        if self._rounds > MAX_FRUITLESS_ROUNDS:
            return self._elsewhere(now)
        self.state = State.GREETING if isinstance(actions[-1], SayHello) else State.SENDING
        self._asked_at = now
        return list(actions)

    # Refusals

    def _hello_refused(self, event: Refused, now: float) -> list[Action]:
        if event.code == "not_leader":
            return self._sent_on(event, now)
        if event.code in ONLY_PEOPLE_HELP:
            return self._pause(now + max(event.retry_after, LONG_PAUSE_SECONDS))
        if event.status == 403:
            return self._pause(now + max(event.retry_after, SHUT_OUT_SECONDS))
        if event.status >= 500:
            self._journey.turn()
        return self._pause(now + self._journey.pause(event.retry_after))

    def _sent_on(self, event: Refused, now: float) -> list[Action]:
        """Go where the leader is said to be, or stay here until somebody leads."""
        actions: list[Action] = []
        if self._route.learn(filter(None, (event.leader, *event.aggregators))):
            actions = [Remember(self._route.learned)]
        if (pause := self._journey.follow(event.leader)) is not None:
            return [*actions, *self._pause(now + pause)]
        if (pause := self._journey.wait()) is None:
            return [*actions, *self._elsewhere(now)]
        self.state = State.WAITING
        self._until = now + pause
        return actions

    def _batch_refused(self, event: Refused, now: float) -> list[Action]:
        match event.code:
            case "need_schema":
                return self._retry(now, self._cursor.batch(with_schema=True))
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
        if event.expected > self._cursor.last + 1:
            return self._start_over(now)
        self._cursor.next = max(event.expected, 1)
        if self._cursor.at_end:
            return self._send_or_rest(now)
        return self._retry(now, self._cursor.batch())

    def _narrow(self, event: Refused, now: float) -> list[Action]:
        found = self._cursor.narrow(event)
        if found is None:
            return self._retry(now, self._cursor.batch())
        self._rounds = 0
        return [found, *self._retry(now, self._cursor.batch())]

    _TRANSITIONS: ClassVar[dict[tuple[State, type[Event]], Callable[..., list[Action]]]] = {
        (State.PAUSED, Woken): _resume,
        (State.PAUSED, Renewed): _reconnect,
        (State.CONNECTING, Connected): _greet,
        (State.CONNECTING, Failed): _lost,
        (State.CONNECTING, Renewed): _finish_first,
        (State.GREETING, Greeted): _greeted,
        (State.GREETING, Refused): _hello_refused,
        (State.GREETING, Failed): _unanswered,
        (State.GREETING, Renewed): _finish_first,
        (State.IDLE, Woken): _go_on,
        (State.IDLE, Renewed): _reconnect,
        (State.WAITING, Woken): _ask_again,
        (State.WAITING, Renewed): _reconnect_later,
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
