"""The uplink alone: events in, actions out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.backoff import Backoff
from sysmon_agent.uplink.machine import LONG_PAUSE_SECONDS, MAX_FRUITLESS_ROUNDS, SHUT_OUT_SECONDS, State, Uplink
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

SETTINGS = UplinkSettings(batch_samples=500, stall_seconds=30, backoff_seconds=60)


def uplink(*addresses: str, epoch: int = 0, draw: float = 0.5) -> Uplink:
    return Uplink(addresses or ("a:1", "b:1"), SETTINGS, epoch=epoch, draw=lambda: draw)


def reply(stored: int, *, epoch: int = 1, durable: int | None = None, wall_ms: int = 0) -> Reply:
    return Reply(epoch, stored, stored if durable is None else durable, wall_ms)


def greeted(machine: Uplink, *, last: int = 0, stored: int = 0, durable: int | None = None) -> list[Action]:
    """Bring a machine through connecting and hello."""
    machine.handle(Woken(last), 0)
    machine.handle(Connected(), 0)
    return machine.handle(Greeted(reply(stored, durable=durable), last, 0), 0)


def sending(machine: Uplink, last: int = 9) -> Uplink:
    greeted(machine, last=last)
    assert machine.state is State.SENDING
    return machine


def test_it_connects_says_hello_and_sends() -> None:
    """The first thing on every connection is hello; what is waiting follows at once."""
    machine = uplink()
    assert machine.handle(Woken(9), 0) == [Connect("a:1")]
    assert machine.handle(Connected(), 0) == [SayHello()]
    assert machine.handle(Greeted(reply(4), 9, 0), 0) == [Release(4, 1), SendBatch(5, 500)]
    assert machine.handle(Answered(reply(9)), 0) == [Release(9, 1)]
    assert machine.state is State.IDLE


def test_a_new_tick_is_sent_at_once() -> None:
    """An idle uplink sends what the spool has grown by."""
    machine = uplink()
    greeted(machine)
    assert machine.handle(Woken(1), 5) == [SendBatch(1, 500)]


def test_nothing_to_send_is_nothing_to_do() -> None:
    """Waking an uplink that has sent everything does nothing."""
    machine = uplink()
    greeted(machine, last=3, stored=3)
    assert machine.handle(Woken(3), 5) == []
    assert machine.wake_at is None


def test_pauses_grow_and_end() -> None:
    """Each failure in a row may pause for twice as long, up to the longest pause; success starts over."""
    machine = uplink("a:1", draw=1.0)
    now, pauses = 0.0, []
    for _ in range(9):
        machine.handle(Woken(1), now)
        assert Close() in machine.handle(Failed("refused"), now)
        assert machine.wake_at is not None
        pauses.append(machine.wake_at - now)
        now = machine.wake_at
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_nothing_happens_before_a_pause_is_over() -> None:
    """Ticks that come during a pause do not shorten it."""
    machine = uplink("a:1")
    machine.handle(Woken(1), 0)
    machine.handle(Failed("refused"), 0)
    assert machine.handle(Woken(2), 0.4) == []
    assert machine.handle(Woken(2), 0.5) == [Connect("a:1")]


def test_a_connection_that_worked_is_renewed_at_once() -> None:
    """When a good connection breaks, the same aggregator is tried again without a pause, once."""
    machine = sending(uplink())
    machine.handle(Answered(reply(9)), 1)
    machine.handle(Woken(10), 2)
    assert machine.handle(Failed("closed"), 2) == [Close()]
    assert machine.handle(Woken(10), 2) == [Connect("a:1")]
    machine.handle(Failed("refused"), 2)
    assert machine.handle(Woken(10), 2) == []


def test_an_aggregator_that_holds_back_keeps_its_connection() -> None:
    """After 503 or 429 the batch is offered again on the same connection, not before Retry-After is over."""
    machine = sending(uplink(draw=0.5))
    assert machine.handle(Refused(507, "storage_full", retry_after=20, first=1, last=9), 1) == []
    assert machine.wake_at == 21.5
    assert machine.handle(Woken(9), 21) == []
    assert machine.handle(Woken(9), 22) == [SendBatch(1, 500)]


def test_an_unknown_refusal_is_waited_out() -> None:
    """A status that is not known never sets ticks aside."""
    machine = sending(uplink())
    assert machine.handle(Refused(418, "teapot", first=1, last=9), 0) == []
    assert machine.state is State.HOLDING


def test_an_unknown_schema_is_sent_along() -> None:
    """The batch goes again with its schema when it is asked for."""
    machine = sending(uplink())
    assert machine.handle(Refused(409, "need_schema", first=1, last=9), 0) == [SendBatch(1, 500, with_schema=True)]


def test_hello_is_said_again_on_demand() -> None:
    """An aggregator that has forgotten this connection is greeted again."""
    machine = sending(uplink())
    assert machine.handle(Refused(409, "need_hello", first=1, last=9), 0) == [SayHello()]
    assert machine.state is State.GREETING


def test_it_goes_on_where_the_aggregator_expects() -> None:
    """An unexpected tick moves the uplink, forward or back, and nothing else."""
    machine = sending(uplink())
    machine.handle(Answered(reply(6)), 0)
    assert machine.handle(Refused(409, "unexpected_tick", expected=3, first=7, last=9), 0) == [SendBatch(3, 500)]
    assert machine.handle(Refused(409, "unexpected_tick", expected=10, first=3, last=9), 0) == []
    assert machine.state is State.IDLE


def test_an_aggregator_that_knows_more_has_another_history() -> None:
    """What the aggregator has beyond this spool means that the spool was put back: a new stream begins."""
    machine = uplink()
    assert greeted(machine, last=5, stored=8) == [StartStream(), SayHello()]
    assert machine.handle(Greeted(reply(0), 5, 0), 0) == [Release(0, 1), SendBatch(1, 500)]


@pytest.mark.parametrize("own", [2000, 0])
def test_a_tick_of_another_time_is_another_history(own: int) -> None:
    """A number with another time, or under which no tick was taken here, shows a spool that was put back."""
    machine = uplink()
    machine.handle(Woken(9), 0)
    machine.handle(Connected(), 0)
    assert machine.handle(Greeted(reply(4, wall_ms=1000), 9, own), 0) == [StartStream(), SayHello()]


@pytest.mark.parametrize(("theirs", "own"), [(1000, 1000), (0, 2000), (0, 0), (1000, None)])
def test_times_that_are_equal_or_unknown_prove_nothing(theirs: int, own: int | None) -> None:
    """Without two different times, the history is taken to be the same."""
    machine = uplink()
    machine.handle(Woken(9), 0)
    machine.handle(Connected(), 0)
    assert machine.handle(Greeted(reply(4, wall_ms=theirs), 9, own), 0)[-1] == SendBatch(5, 500)


def test_a_clone_waits_long() -> None:
    """Where two agents share a certificate, the refused one asks again rarely."""
    machine = uplink()
    machine.handle(Woken(1), 0)
    machine.handle(Connected(), 0)
    assert machine.handle(Refused(409, "cloned_identity"), 0) == [Close()]
    assert machine.wake_at == LONG_PAUSE_SECONDS


def test_whoever_is_shut_out_asks_again_soon() -> None:
    """After 403 the agent asks once a minute, so that letting it in shows."""
    machine = sending(uplink())
    assert machine.handle(Refused(403, "bad_identity", first=1, last=9), 10) == [Close()]
    assert machine.wake_at == 10 + SHUT_OUT_SECONDS


def test_a_batch_refused_for_good_is_searched_for_its_tick() -> None:
    """Ticks of a refused batch go one by one; the one that is refused alone is set aside, and sending goes on."""
    machine = sending(uplink(), last=4)
    assert machine.handle(Refused(400, "malformed_message", first=1, last=3), 0) == [SendBatch(1, 1)]
    assert machine.handle(Answered(reply(1)), 0)[-1] == SendBatch(2, 1)
    assert machine.handle(Refused(400, "malformed_message", first=2, last=2), 0) == [SetAside(2, 2), SendBatch(2, 1)]
    assert machine.handle(Answered(reply(3)), 0)[-1] == SendBatch(4, 500)


def test_batches_become_smaller_where_they_are_too_large() -> None:
    """After 413 batches have half the values, from then on; a single tick that is too large is set aside."""
    machine = sending(uplink(), last=4)
    assert machine.handle(Refused(413, "oversized_message", first=1, last=4), 0) == [SendBatch(1, 250)]
    assert machine.handle(Answered(reply(2)), 0)[-1] == SendBatch(3, 250)
    refusal = Refused(413, "oversized_message", first=3, last=3)
    assert machine.handle(refusal, 0) == [SetAside(3, 3), SendBatch(3, 250)]


def test_gaps_are_never_set_aside() -> None:
    """A refused batch of gaps alone is offered again: there is nothing to put in its place."""
    machine = sending(uplink())
    assert machine.handle(Refused(400, "malformed_message", first=5, last=4), 0) == []
    assert machine.state is State.HOLDING


def test_lower_epochs_are_ignored() -> None:
    """Who answers with an epoch below the highest ever seen has been replaced: its answers release nothing."""
    machine = uplink(epoch=7)
    machine.handle(Woken(9), 0)
    machine.handle(Connected(), 0)
    assert machine.handle(Greeted(reply(9, epoch=6), 9, 0), 0) == [Close()]
    assert machine.handle(Woken(9), 1) == [Connect("b:1")]
    assert machine.epoch == 7


def test_higher_epochs_are_remembered() -> None:
    """A new leader's epoch is kept from its first answer on."""
    machine = uplink(epoch=7)
    machine.handle(Woken(9), 0)
    machine.handle(Connected(), 0)
    assert machine.handle(Greeted(reply(9, epoch=8), 9, 0), 0) == [Release(9, 8)]
    assert machine.epoch == 8


def test_standing_still_sends_the_agent_on() -> None:
    """When nothing becomes durable for a while though ticks wait for it, the next aggregator is tried."""
    machine = uplink()
    greeted(machine, last=9, stored=9, durable=5)
    machine.handle(Woken(9), 29)
    machine.handle(Greeted(reply(9, durable=5), 9, 0), 29)
    assert machine.wake_at == 30
    assert machine.handle(Woken(9), 30) == [Close()]
    assert machine.handle(Woken(9), 31) == [Connect("b:1")]


def test_a_quiet_hour_is_no_standstill() -> None:
    """Time without ticks does not count: the wait begins when there is something to wait for."""
    machine = uplink()
    greeted(machine, last=9, stored=9)
    assert machine.handle(Woken(10), 3600) == [SendBatch(10, 500)]


def test_one_aggregator_is_never_left() -> None:
    """With a single aggregator there is nowhere to go, so standing still is only waited out."""
    machine = uplink("only:1")
    greeted(machine, last=9, stored=9, durable=5)
    for now in range(1, 200):
        assert Close() not in machine.handle(Woken(9), now)
        if machine.state is State.GREETING:
            machine.handle(Greeted(reply(9, durable=5), 9, 0), now)


@pytest.mark.parametrize(
    "refusal",
    [
        Refused(409, "need_schema", first=1, last=9),
        Refused(409, "unexpected_tick", expected=1, first=1, last=9),
    ],
)
def test_two_sides_that_disagree_never_spin(refusal: Refused) -> None:
    """An aggregator that answers the same for ever is left after a few rounds."""
    machine = sending(uplink())
    rounds = 0
    while machine.state is State.SENDING:
        machine.handle(refusal, 0)
        rounds += 1
    assert rounds == MAX_FRUITLESS_ROUNDS + 1
    assert machine.state is State.PAUSED


def test_a_stream_is_not_started_for_ever() -> None:
    """An aggregator that claims to know every new stream is left, too."""
    machine = uplink()
    actions = greeted(machine, last=5, stored=8)
    for _ in range(MAX_FRUITLESS_ROUNDS):
        assert StartStream() in actions
        actions = machine.handle(Greeted(reply(8), 5, 0), 0)
    assert actions == [Close()]


def test_a_new_certificate_is_shown_at_once_while_nothing_is_under_way() -> None:
    """An idle uplink closes its connection and connects anew, to the same aggregator."""
    machine = uplink()
    greeted(machine)
    assert machine.handle(Renewed(), 5) == [Close()]
    assert machine.wake_at == 5
    assert machine.handle(Woken(0), 5) == [Connect("a:1")]


def test_a_new_certificate_waits_for_the_batch_that_is_under_way() -> None:
    """A batch is sent and answered on one connection; the next one shows the new certificate, and nothing is lost."""
    machine = sending(uplink(), last=20)
    assert machine.handle(Renewed(), 1) == []
    assert machine.handle(Answered(reply(9)), 1) == [Release(9, 1), Close()]
    assert machine.handle(Woken(20), 1) == [Connect("a:1")]
    machine.handle(Connected(), 1)
    assert machine.handle(Greeted(reply(9), 20, 0), 1) == [Release(9, 1), SendBatch(10, 500)]


def test_a_new_certificate_ends_a_pause() -> None:
    """After a refusal that the old certificate has earned the new one is tried at once."""
    machine = sending(uplink())
    machine.handle(Refused(403, "certificate_expired"), 1)
    assert machine.handle(Woken(9), 2) == []
    machine.handle(Renewed(), 3)
    assert machine.handle(Woken(9), 3) == [Connect("a:1")]


def test_a_new_certificate_leaves_an_overloaded_aggregator_in_peace() -> None:
    """A pause that the aggregator has asked for is kept, whatever certificate comes after it."""
    machine = sending(uplink(draw=0.5))
    machine.handle(Refused(507, "storage_full", retry_after=20, first=1, last=9), 1)
    assert machine.handle(Renewed(), 2) == [Close()]
    assert machine.handle(Woken(9), 21) == []
    assert machine.handle(Woken(9), 22) == [Connect("a:1")]


def test_another_host_has_another_stream() -> None:
    """A certificate of another host begins a stream of its own before anything is sent with it."""
    machine = uplink()
    greeted(machine)
    assert machine.handle(Renewed(new_host=True), 5) == [Close(), StartStream()]
    machine = sending(uplink(), last=20)
    machine.handle(Renewed(new_host=True), 1)
    machine.handle(Renewed(), 1)  # which does not take the former back
    assert machine.handle(Failed("closed"), 1) == [Close(), StartStream()]
    assert machine.handle(Woken(11), 1) == [Connect("a:1")]


@given(st.integers(0, 60), st.floats(0, 1))
def test_a_pause_is_drawn_below_its_ceiling(failures: int, drawn: float) -> None:
    """Full jitter: a pause lies anywhere between nothing and the ceiling of its failure."""
    backoff = Backoff(30, lambda: drawn)
    pause = 0.0
    for _ in range(failures + 1):
        pause = backoff.pause()
    assert pause == pytest.approx(min(30, 2.0**failures) * drawn)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Answered, st.builds(reply, st.integers(0, 20))),
    st.builds(
        Refused,
        st.sampled_from([400, 403, 409, 413, 418, 421, 429, 500, 503]),
        st.sampled_from(["", "need_schema", "need_hello", "unexpected_tick", "cloned_identity", "not_leader"]),
        expected=st.integers(0, 30),
        retry_after=st.sampled_from([0.0, 5.0, 1e9]),
        first=st.integers(1, 5),
        last=st.integers(0, 9),
    ),
    st.builds(Failed, st.just("broken")),
    st.builds(Renewed, st.booleans()),
)


@given(st.lists(EVENTS, max_size=40))
def test_any_answers_lead_to_a_known_state(events: list[Event]) -> None:
    """Whatever an aggregator answers, the uplink asks for something that makes sense and never stops for ever."""
    machine, now, last = uplink(), 0.0, 9
    for event in events:
        now = max(now, machine.wake_at or now)
        if machine.state in {State.PAUSED, State.IDLE, State.HOLDING}:
            last += 1
            machine.handle(Woken(last), now)
        if machine.state is State.CONNECTING:
            machine.handle(Connected(), now)
        if machine.state is State.GREETING:
            machine.handle(Greeted(reply(0), last, 0), now)
        if machine.state is State.SENDING:
            for action in machine.handle(event, now):
                assert not isinstance(action, SendBatch) or 1 <= action.first <= last
    assert (
        machine.state in {State.SENDING, State.IDLE} or machine.wake_at is not None or machine.state is State.GREETING
    )
