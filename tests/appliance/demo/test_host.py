"""A simulated host keeps the rules of delivery, whatever happens to its connection."""

from sysmon_agent.wire.decode import check_against, decode_batch, decode_hello
from sysmon_agent.wire.messages import Batch, Gap, GapReason, Reply
from sysmon_appliance.demo.host import SimulatedHost
from tests.support.clock import ManualClock
from tests.support.demo import host


def reply(stored: int) -> Reply:
    return Reply(epoch=1, stored=stored, durable=stored)


def sent(simulated: SimulatedHost) -> Batch:
    return decode_batch(simulated.body())


def tick(simulated: SimulatedHost, clock: ManualClock) -> Batch:
    """Let an interval pass and deliver its tick."""
    clock.advance(2)
    simulated.collect()
    batch = sent(simulated)
    simulated.acknowledged(reply(batch.last))
    return batch


def test_hello_says_that_the_host_is_simulated() -> None:
    """A simulated host says so in its facts, in the order that the protocol asks for."""
    hello = decode_hello(host(ManualClock()).hello())
    assert ("sysmon.simulated", "true") in hello.facts
    assert dict(hello.labels)["role"] == "db"
    assert hello.last == 0


def test_ticks_are_numbered_without_exception() -> None:
    """Ticks of a simulated host are numbered 1, 2, 3 while all is well."""
    clock = ManualClock()
    simulated = host(clock)
    simulated.collect()
    assert sent(simulated).first == 1
    simulated.acknowledged(reply(1))
    assert [tick(simulated, clock).first for _ in range(3)] == [2, 3, 4]


def test_first_tick_declares_nothing() -> None:
    """However long a simulated host waits for its turn at the start, it has missed no tick."""
    clock = ManualClock()
    simulated = host(clock)
    clock.advance(20)
    simulated.collect()
    assert (sent(simulated).first, sent(simulated).skipped) == (1, ())


def test_batch_fits_the_schema_it_carries() -> None:
    """A tick sent with its schema is one that an aggregator accepts."""
    simulated = host(ManualClock())
    simulated.collect()
    batch = decode_batch(simulated.body(with_schema=True))
    assert batch.schema is not None
    check_against(batch, batch.schema)


def test_missed_ticks_are_declared() -> None:
    """After an outage the numbers that passed are declared as a gap."""
    clock = ManualClock()
    simulated = host(clock)
    tick(simulated, clock)
    clock.advance(20)
    batch = tick(simulated, clock)
    assert batch.skipped == (Gap(batch.first - 10, batch.first - 1, GapReason.AGENT_DOWN),)


def test_waiting_tick_is_sent_again() -> None:
    """A tick whose acknowledgement was lost is offered again, with the same number."""
    clock = ManualClock()
    simulated = host(clock)
    first = tick(simulated, clock).last
    clock.advance(2)
    simulated.collect()
    simulated.greeted(reply(first))
    assert simulated.is_waiting
    assert sent(simulated).first == first + 1


def test_stored_tick_is_not_sent_again() -> None:
    """A tick that hello shows to be stored is not offered again."""
    clock = ManualClock()
    simulated = host(clock)
    clock.advance(2)
    simulated.collect()
    simulated.greeted(reply(sent(simulated).last))
    assert not simulated.is_waiting


def test_another_past_begins_a_new_stream() -> None:
    """When the aggregator has forgotten ticks that it acknowledged, the host begins a new stream."""
    clock = ManualClock()
    simulated = host(clock)
    before = tick(simulated, clock)
    tick(simulated, clock)
    clock.advance(2)
    simulated.collect()
    simulated.greeted(reply(0))
    batch = sent(simulated)
    assert batch.stream_id != before.stream_id
    assert (batch.first, batch.skipped) == (1, ())
