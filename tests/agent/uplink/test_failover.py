"""The uplink among several aggregators."""

from itertools import pairwise

import pytest

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.journey import MAX_WAITS, SPREAD_SECONDS, WAIT_SECONDS
from sysmon_agent.uplink.machine import SEEK_SECONDS, State, Uplink
from sysmon_agent.uplink.signals import (
    Action,
    Answered,
    Close,
    Connect,
    Connected,
    Failed,
    Greeted,
    Refused,
    Remember,
    SayHello,
    Seek,
    SendBatch,
    Woken,
)
from sysmon_agent.wire.messages import Reply

STALL = 30.0
SETTINGS = UplinkSettings(stall_seconds=STALL, backoff_seconds=30)


class Driven:
    """An uplink and the time, which passes as far as the uplink waits."""

    def __init__(self, *addresses: str, epoch: int = 0, draw: float = 0.5) -> None:
        self.uplink = Uplink(addresses or ("a:1", "b:1", "c:1"), SETTINGS, epoch=epoch, draw=lambda: draw)
        self.now = 1000.0
        self.last = 9

    def wake(self) -> list[Action]:
        """Let time pass up to when the uplink wants to be woken."""
        self.now = max(self.now, self.uplink.wake_at or self.now)
        return self.uplink.handle(Woken(self.last), self.now)

    def dial(self) -> str:
        """Let the uplink connect; return whom to."""
        (action,) = self.wake()
        assert isinstance(action, Connect)
        return action.address

    def refuse_connection(self) -> list[Action]:
        return self.uplink.handle(Failed("refused"), self.now)

    def accept_connection(self) -> None:
        assert self.uplink.handle(Connected(), self.now) == [SayHello()]

    def send_on(self, leader: str = "", *aggregators: str) -> list[Action]:
        refusal = Refused(421, "not_leader", leader=leader, aggregators=aggregators)
        return self.uplink.handle(refusal, self.now)

    def greet(self, *, stored: int, durable: int | None = None, epoch: int = 1) -> list[Action]:
        reply = Reply(epoch, stored, stored if durable is None else durable)
        return self.uplink.handle(Greeted(reply, self.last, None), self.now)

    def arrive(self, *, durable: int | None = None) -> None:
        """Come to the first aggregator, which has everything."""
        self.dial()
        self.accept_connection()
        self.greet(stored=self.last, durable=durable)

    def lose_leader(self) -> None:
        """Come to an aggregator that then breaks in the middle of a batch and is gone."""
        self.arrive()
        self.last += 1
        assert self.wake()[-1] == SendBatch(self.last, SETTINGS.batch_samples)
        self.uplink.handle(Failed("closed"), self.now)
        assert self.dial() == "a:1"
        self.refuse_connection()


def test_a_standby_sends_the_agent_to_the_leader() -> None:
    """The leader that a standby names is gone to within a moment that is drawn, whether or not it was known."""
    driven = Driven("a:1", draw=1.0)
    driven.dial()
    driven.accept_connection()
    assert driven.send_on("z:1", "a:1", "y:1") == [Remember(("z:1", "y:1")), Close()]
    before = driven.now
    assert driven.dial() == "z:1"
    assert driven.now - before == SPREAD_SECONDS


def test_what_is_known_is_not_remembered_again() -> None:
    """Addresses are written down when one of them is new, not at each answer."""
    driven = Driven("a:1")
    driven.dial()
    driven.accept_connection()
    driven.send_on("", "b:1")
    driven.wake()
    assert driven.send_on("", "b:1", "a:1") == []


def test_a_standby_without_a_leader_is_waited_at() -> None:
    """While nobody leads, hello is said again on the connection that there is, until somebody is named."""
    driven = Driven()
    driven.lose_leader()
    assert driven.dial() == "b:1"
    driven.accept_connection()
    for _ in range(4):
        before = driven.now
        assert driven.send_on("a:1") == []
        assert driven.uplink.state is State.WAITING
        assert driven.wake() == [SayHello()]
        assert driven.now - before <= WAIT_SECONDS
    driven.send_on("c:1")
    assert driven.dial() == "c:1"


def test_a_standby_that_becomes_the_leader_takes_over_in_place() -> None:
    """Whoever waited at the new leader goes on from what it has, without another connection."""
    driven = Driven()
    driven.lose_leader()
    driven.dial()
    driven.accept_connection()
    driven.send_on("b:1")
    assert driven.wake() == [SayHello()]
    assert driven.greet(stored=7, epoch=2)[-1] == SendBatch(8, SETTINGS.batch_samples)


def test_a_leader_that_returns_is_gone_to_again() -> None:
    """A leader that is named after nobody was has come back, and is tried at once."""
    driven = Driven()
    driven.lose_leader()
    driven.dial()
    driven.accept_connection()
    for leader in ("a:1", ""):
        assert driven.send_on(leader) == []
        driven.wake()
    driven.send_on("a:1")
    assert driven.dial() == "a:1"


def test_no_standby_is_waited_at_for_ever() -> None:
    """A standby that knows of no leader may be cut off itself: the others get their turn."""
    driven = Driven()
    driven.lose_leader()
    driven.dial()
    driven.accept_connection()
    hellos = 1
    while driven.send_on() == []:
        driven.wake()
        hellos += 1
    assert hellos == MAX_WAITS
    assert driven.dial() == "c:1"


def test_waits_become_longer() -> None:
    """An agent that finds no leader for hours asks less and less often, up to the longest pause."""
    driven = Driven(draw=1.0)
    longest = 0.0
    for _ in range(500):
        before = driven.now
        action = driven.wake()[-1]
        longest = max(longest, driven.now - before)
        if isinstance(action, Connect):
            driven.accept_connection()
        driven.send_on()
    assert longest == SETTINGS.backoff_seconds


def test_two_aggregators_that_name_each_other_are_no_storm() -> None:
    """Who is sent to and fro pauses soon, so that a thousand agents do not open a thousand connections a second."""
    driven = Driven("a:1", "b:1")
    began, connections = driven.now, 0
    while driven.now < began + 600:
        if isinstance(driven.wake()[-1], Connect):
            connections += 1
            driven.accept_connection()
        driven.send_on("b:1" if driven.uplink.address == "a:1" else "a:1")
    assert connections < 100


def test_who_hangs_is_not_tried_again_at_once() -> None:
    """After a long silence the next aggregator is tried: a host that hangs would be silent again."""
    driven = Driven()
    driven.arrive()
    driven.last += 1
    driven.wake()
    driven.now += SETTINGS.timeout_seconds
    driven.uplink.handle(Failed("timed out"), driven.now)
    assert driven.dial() == "b:1"


def test_only_a_round_in_vain_earns_a_pause() -> None:
    """The aggregators of a round are tried one right after the other; between rounds pauses grow."""
    driven = Driven(draw=1.0)
    starts = []
    for _ in range(9):
        driven.dial()
        starts.append(driven.now)
        driven.refuse_connection()
    steps = [after - before for before, after in pairwise(starts)]
    assert steps == pytest.approx([0.25, 0.25, 1, 0.25, 0.25, 2, 0.25, 0.25])


def test_an_old_leader_is_left() -> None:
    """Whoever answers with a lower epoch than another before is left for the next one, at each connection."""
    driven = Driven(epoch=7)
    for expected in ("a:1", "b:1", "c:1"):
        assert driven.dial() == expected
        driven.accept_connection()
        assert driven.greet(stored=9, epoch=6) == [Close()]
    assert driven.uplink.epoch == 7


def test_a_new_leader_gets_again_what_it_lacks() -> None:
    """What the old leader had stored and not made durable is sent from where the new one is."""
    driven = Driven()
    driven.arrive(durable=4)
    driven.last += 1
    driven.wake()
    driven.uplink.handle(Answered(Reply(1, 10, 4)), driven.now)
    driven.last += 1
    driven.wake()
    driven.uplink.handle(Failed("closed"), driven.now)
    driven.dial()
    driven.accept_connection()
    assert driven.greet(stored=4, epoch=2)[-1] == SendBatch(5, SETTINGS.batch_samples)


def test_hello_asks_whether_what_is_stored_is_durable() -> None:
    """With ticks that are rare the last reply came too early to tell: hello asks on the same connection."""
    driven = Driven()
    driven.arrive(durable=8)
    assert driven.wake() == [SayHello()]
    assert driven.now == 1000 + 0.4 * STALL
    driven.greet(stored=9)
    assert driven.uplink.state is State.IDLE
    assert driven.uplink.wake_at is None


def test_a_question_over_a_closed_connection_is_asked_anew() -> None:
    """Where the connection has ended meanwhile, the aggregator that took the ticks is asked on another one."""
    driven = Driven()
    driven.arrive(durable=8)
    driven.last += 1
    driven.wake()
    driven.uplink.handle(Answered(Reply(1, driven.last, 8)), driven.now)
    assert driven.wake() == [SayHello()]
    driven.uplink.handle(Failed("closed"), driven.now)
    assert driven.dial() == "a:1"


def test_the_next_batch_is_as_good_as_a_question() -> None:
    """Where ticks come more often than that, no hello is added."""
    driven = Driven()
    driven.arrive(durable=8)
    for _ in range(20):
        driven.now += 10
        driven.last += 1
        assert driven.uplink.handle(Woken(driven.last), driven.now) == [SendBatch(driven.last, SETTINGS.batch_samples)]
        driven.uplink.handle(Answered(Reply(1, driven.last, driven.last - 1)), driven.now)


def stall(driven: Driven, durable: int = 4) -> float:
    """Let nothing become durable until the uplink leaves; return after how long."""
    began = driven.now
    while (actions := driven.wake()) == [SayHello()]:
        driven.greet(stored=driven.last, durable=durable)
    assert actions == [Close()]
    return driven.now - began


def test_where_nobody_can_help_ticks_are_stored_at_least() -> None:
    """After the others were asked in vain the agent comes back to where its ticks are stored, with more patience."""
    driven = Driven()
    driven.arrive(durable=4)
    patience = []
    for _ in range(6):
        patience.append(stall(driven))
        for standby in ("b:1", "c:1"):
            assert driven.dial() == standby
            driven.accept_connection()
            driven.send_on("a:1")
        assert driven.dial() == "a:1"
        driven.accept_connection()
        driven.greet(stored=driven.last, durable=4)
    assert patience == pytest.approx([30, 60, 120, 240, 300, 300])


def test_patience_is_short_again_after_something_became_durable() -> None:
    """Once something was durable, the next standstill is left as soon as the first."""
    driven = Driven("a:1", "b:1")
    driven.arrive(durable=4)
    stall(driven)
    driven.dial()
    driven.refuse_connection()
    assert driven.dial() == "a:1"
    driven.accept_connection()
    driven.greet(stored=driven.last, durable=5)
    assert stall(driven, durable=5) == pytest.approx(STALL)


def test_another_leader_is_stayed_at() -> None:
    """Where one of the others leads by now, the one that was left is forgotten."""
    driven = Driven()
    driven.arrive(durable=4)
    stall(driven)
    assert driven.dial() == "b:1"
    driven.accept_connection()
    driven.greet(stored=4, epoch=2)
    driven.uplink.handle(Answered(Reply(2, driven.last, driven.last)), driven.now)
    assert driven.uplink.address == "b:1"
    assert driven.uplink.wake_at is None


def test_aggregators_are_looked_for_when_none_answers() -> None:
    """After a minute without any answer others are looked for, and then once a minute."""
    driven = Driven()
    driven.arrive()
    driven.last += 1
    driven.wake()
    began, sought = driven.now, []
    actions = driven.uplink.handle(Failed("closed"), driven.now)
    while driven.now < began + 300:
        if Seek() in actions:
            sought.append(driven.now - began)
        driven.dial()
        actions = driven.refuse_connection()
    assert SEEK_SECONDS <= sought[0] < SEEK_SECONDS + 40
    assert all(after - before >= SEEK_SECONDS for before, after in pairwise(sought))


def test_addresses_found_elsewhere_are_tried() -> None:
    """What was found elsewhere is part of the round that is under way."""
    driven = Driven("a:1")
    driven.dial()
    driven.uplink.learn(["z:1"])
    driven.refuse_connection()
    assert driven.dial() == "z:1"
